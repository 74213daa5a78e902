// Signing in, and the accounts a person is signed in with. Nobody has to: each place that needs an account says so there.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';

export const networkNames = { mastodon: 'Mastodon', bluesky: 'Bluesky', x: 'X' };

// What the way back from a network's page says in the address.
const outcomes = {
  done: ['good', 'You are signed in', 'Your picture there was not used for anything; you can offer it as a picture of your face.'],
  refused: ['info', 'You are not signed in', 'You refused on the other page. FindMe works without an account as well.'],
  mismatch: ['problem', 'You are not signed in', 'The answer did not belong to this browser’s sign-in, or it came too late. Please begin again here.'],
  failed: ['problem', 'You are not signed in', 'The network refused. Please try again.'],
  'no-answer': ['problem', 'You are not signed in', 'The network does not answer. Please try again in a while.'],
  'unknown-instance': ['problem', 'There is no such Mastodon server', 'Write it like mastodon.social: the part of your address after the last @.'],
  'other-person': ['problem', 'This account already belongs to what FindMe keeps in another browser', 'Delete everything here first, then sign in again: you will find there what is kept.'],
  consent: ['info', 'Please agree first', 'Then you can sign in.'],
};

// Takes the outcome out of the address, so that it is said once.
export function signInOutcome() {
  const address = new URL(location.href);
  const outcome = outcomes[address.searchParams.get('sign-in')];
  if (address.searchParams.has('sign-in')) {
    address.searchParams.delete('sign-in');
    history.replaceState(null, '', address);
  }
  return outcome && notice(...outcome);
}

// The ways to sign in; only: one network alone.
export function signInChoices(me, changed, only) {
  const signedIn = new Set(me.accounts.map(account => account.network));
  const ways = { mastodon, bluesky: () => bluesky(changed), x };
  return me.signIn.filter(network => !signedIn.has(network) && (!only || network === only)).map(network => ways[network]?.());
}

function mastodon() {
  const server = element('input', { id: 'mastodon-server', name: 'instance', required: true, placeholder: 'mastodon.social', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'url' });
  // A form may only be sent to this site, also by a redirect (form-action 'self'): the way to the other one is a link's.
  const go = event => {
    event.preventDefault();
    location.assign(`/sign-in/mastodon?instance=${encodeURIComponent(server.value.trim())}`);
  };
  return element('form', { class: 'sign-in', onsubmit: go },
    element('label', { for: server.id }, 'Your Mastodon server'),
    element('div', { class: 'row' }, server, element('button', { type: 'submit', class: 'button' }, 'Sign in with Mastodon')));
}

const x = () => element('p', { class: 'sign-in' }, element('a', { class: 'button', href: '/sign-in/x' }, 'Sign in with X'));

function bluesky(changed) {
  const handle = element('input', { id: 'bluesky-handle', required: true, placeholder: 'ann.bsky.social', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'username' });
  const password = element('input', { id: 'bluesky-password', type: 'password', required: true, placeholder: 'xxxx-xxxx-xxxx-xxxx', autocomplete: 'off' });
  const answer = element('div', {});
  const button = element('button', { type: 'submit', class: 'button' }, 'Sign in with Bluesky');
  return element('form', { class: 'sign-in', onsubmit: signIn },
    element('label', { for: handle.id }, 'Your Bluesky handle'), handle,
    element('label', { for: password.id }, 'An app password'), password,
    element('p', { class: 'small' }, 'Never your own password. Make one in Bluesky under Settings, Privacy and security, App passwords; you can take it back there at any time.'),
    element('p', { class: 'actions' }, button), answer);

  async function signIn(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      await api.signInWithBluesky(handle.value, password.value);
      changed();
    } catch (problem) {
      button.disabled = false;
      password.value = '';
      replace(answer, problemNotice(problem));
    }
  }
}

// The accounts, each with its way out.
export function accountPanel(page, me) {
  const answer = element('div', {});
  const again = () => page.go('privacy');
  const choices = signInChoices(me, again);
  const accounts = me.accounts.map(account => {
    const button = element('button', { type: 'button', class: 'button quiet small', onclick: () => signOut(account, button) }, 'Sign out',
      element('span', { class: 'visually-hidden' }, ` of ${networkNames[account.network]}`));
    return element('li', {}, portrait(account),
      element('p', {}, element('strong', {}, `@${account.handle}`), ' ', element('span', { class: 'small' }, networkNames[account.network])), button);
  });

  async function signOut(account, button) {
    button.disabled = true;
    try {
      const { revoked } = await api.signOut(account.network);
      const words = revoked
        ? notice('good', `You are signed out of ${networkNames[account.network]}`, account.network === 'bluesky' && 'Delete the app password in Bluesky’s settings too.')
        : stillGranted([account.network]);
      announceNow(`You are signed out of ${networkNames[account.network]}.`);
      page.goWith(words, 'privacy');
    } catch (problem) {
      button.disabled = false;
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  return element('section', { class: 'panel', 'aria-label': 'Your accounts' },
    element('h2', {}, 'Your accounts'),
    accounts.length > 0
      ? element('ul', { class: 'references' }, accounts)
      : element('p', { class: 'small' }, 'You are not signed in anywhere, and need not be. With an account FindMe can search where only accounts may, and you find your things again in another browser.'),
    choices.length > 0 && element('details', { open: accounts.length === 0 }, element('summary', {}, accounts.length === 0 ? 'Sign in' : 'Sign in elsewhere too'), choices),
    answer);
}

// Said when a network did not confirm that the access is gone.
export const stillGranted = networks => notice('info', `${networks.map(network => networkNames[network]).join(' and ')} did not answer`,
  'Here the access is deleted. To be sure, also remove FindMe from the apps in your settings there.');

// The account's picture as a picture of one's face: a click of its own, since signing in was no consent to it.
export function avatarOffers(page, me, { taken, refused }) {
  const offers = me.accounts.filter(account => account.avatarAsReference).map(account => {
    const button = element('button', { type: 'button', class: 'button', onclick: take }, `Use my picture on ${networkNames[account.network]}`);
    async function take() {
      button.disabled = true;
      try {
        taken(await api.addAvatar(account.network), account);
        row.remove();
      } catch (problem) {
        button.disabled = false;
        if (!page.needsConsent(problem)) refused(problem);
      }
    }
    const row = element('li', {}, portrait(account), element('p', {}, `@${account.handle}`), button);
    return row;
  });
  return offers.length > 0 && element('ul', { class: 'references offers', 'aria-label': 'Pictures of your accounts' }, offers);
}

const portrait = account => element('span', { class: 'crop portrait' },
  account.avatarUrl && element('img', { src: account.avatarUrl, alt: '', width: 68, height: 68 }));
