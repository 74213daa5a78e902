// Signing in, and the accounts a person is signed in with. Nobody has to: each place that needs an account says so there.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { count, minuteOf, table } from './words.js';

export const networkNames = table({ mastodon: 'Mastodon', bluesky: 'Bluesky', x: 'X' });

// What the way back from a network's page says in the address.
const outcomes = table({
  refused: ['info', 'You are not signed in', 'You refused on the other page. FindMe works without an account as well.'],
  mismatch: ['problem', 'You are not signed in', 'The answer did not belong to this browser’s sign-in, or it came too late. Please sign in again.'],
  failed: ['problem', 'You are not signed in', 'The network refused. Please try again.'],
});

// Where the person was when they went to the network's page.
const CAME_FROM = 'findme-sign-in-from';

// Takes the outcome out of the address, so that it is said once, and goes back to where signing in began.
export function signInOutcome(page) {
  const address = new URL(location.href);
  const slug = address.searchParams.get('sign-in');
  if (slug === null) return undefined;
  address.searchParams.delete('sign-in');
  address.hash = sessionStorage.getItem(CAME_FROM) ?? '';
  history.replaceState(null, '', address);
  return slug === 'confirm' ? linkQuestion(page) : outcomes[slug] && notice(...outcomes[slug]);
}

// Whose account it is, and whether to link it: nothing is linked without this yes.
function linkQuestion(page) {
  const node = element('div', { class: 'link-question' }, element('p', { class: 'working' }, 'Asking whose account it is…'));
  ask();
  return node;

  async function ask() {
    try {
      const account = await api.redeemSignIn();
      const name = element('bdi', {}, `@${account.handle}`);
      const yes = element('button', { type: 'button', class: 'button primary', onclick: () => answer(account, false) }, 'Link');
      const no = element('button', { type: 'button', class: 'button', onclick: cancel }, 'Cancel');
      replace(node, notice('info', ['Link ', name, ` on ${networkNames[account.network]} to your searches?`],
        'FindMe can then search there with your account. Your picture there is not used for anything unless you offer it.',
        element('p', { class: 'actions' }, yes, no)));
      announceNow(`Link @${account.handle} to your searches?`);
      yes.focus();
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(node, problemNotice(problem));
    }
  }

  async function answer(account, moveHere) {
    // A second click would carry the cookie of before.
    for (const button of node.querySelectorAll('button')) button.disabled = true;
    try {
      await api.linkAccount(account, moveHere);
      announceNow('You are signed in.');
      page.goWith(notice('good', 'You are signed in', 'Your picture there was not used for anything; you can offer it as a selfie.'), sessionStorage.getItem(CAME_FROM)?.slice(1) || 'privacy');
    } catch (problem) {
      if (page.needsConsent(problem)) return;
      replace(node, problem.slug === 'other-person'
        ? problemNotice(problem,
          element('button', { type: 'button', class: 'button', onclick: () => answer(account, true) }, 'Use it here instead'),
          element('a', { class: 'button', href: '#privacy' }, 'Enter a code'),
          element('button', { type: 'button', class: 'button quiet', onclick: cancel }, 'Cancel'))
        : problemNotice(problem));
    }
  }

  async function cancel() {
    replace(node);
    await api.cancelSignIn();
    announceNow('The account was not linked.');
  }
}

// The ways to sign in; only: one network alone.
export function signInChoices(me, changed, only) {
  const signedIn = new Set(me.accounts.map(account => account.network));
  const ways = table({ mastodon: () => mastodon(me.demo?.mastodon ?? []), bluesky: () => bluesky(changed), x });
  return me.signIn.filter(network => !signedIn.has(network) && (!only || network === only)).map(network => ways[network]?.());
}

function mastodon(demoInstances) {
  const server = element('input', { id: 'mastodon-server', name: 'instance', required: true, placeholder: 'social.example.org', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'url' });
  const answer = element('div', {});
  const demo = demoInstances.map((instance, index) => element('button', { type: 'button', class: 'button', onclick: event => start(event, 'mastodon', answer, instance) },
    demoInstances.length > 1 ? `Demo Mastodon ${index + 1}` : 'Demo Mastodon'));
  return element('form', { class: 'sign-in', onsubmit: event => start(event, 'mastodon', answer, server.value.trim()) },
    demo.length > 0 && element('p', { class: 'actions' }, demo),
    element('label', { for: server.id }, 'Your Mastodon server'),
    element('div', { class: 'row' }, server, element('button', { type: 'submit', class: 'button' }, 'Sign in with Mastodon')), answer);
}

function x() {
  const answer = element('div', {});
  return element('form', { class: 'sign-in', onsubmit: event => start(event, 'x', answer) },
    element('p', {}, element('button', { type: 'submit', class: 'button' }, 'Sign in with X')), answer);
}

async function start(event, network, answer, instance) {
  event.preventDefault();
  const button = event.submitter ?? event.target;
  button.disabled = true;
  try {
    const { address } = await api.startSignIn(network, instance);
    sessionStorage.setItem(CAME_FROM, location.hash);
    location.assign(address);
  } catch (problem) {
    button.disabled = false;
    replace(answer, problemNotice(problem));
  }
}

function bluesky(changed) {
  const handle = element('input', { id: 'bluesky-handle', required: true, placeholder: 'ann.bsky.social', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'username' });
  const password = element('input', { id: 'bluesky-password', type: 'password', required: true, placeholder: 'xxxx-xxxx-xxxx-xxxx', autocomplete: 'off' });
  const answer = element('div', {});
  const button = element('button', { type: 'submit', class: 'button' }, 'Sign in with Bluesky');
  return element('form', { class: 'sign-in', onsubmit: event => { event.preventDefault(); signIn(false); } },
    element('label', { for: handle.id }, 'Your Bluesky handle'), handle,
    element('label', { for: password.id }, 'An app password'), password,
    element('p', { class: 'small' }, 'Never your own password. Make one in Bluesky under Settings, Privacy and security, App passwords; you can take it back there at any time.'),
    element('p', { class: 'actions' }, button), answer);

  async function signIn(moveHere) {
    button.disabled = true;
    try {
      await api.signInWithBluesky(handle.value, password.value, moveHere);
      changed();
    } catch (problem) {
      button.disabled = false;
      if (problem.slug === 'other-person') {
        replace(answer, problemNotice(problem,
          element('button', { type: 'button', class: 'button', onclick: () => signIn(true) }, 'Use it here instead'),
          element('a', { class: 'button', href: '#privacy' }, 'Enter a code')));
        return;
      }
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
      element('p', {}, element('strong', {}, element('bdi', {}, `@${account.handle}`)), ' ', element('span', { class: 'small' }, networkNames[account.network])), button);
  });

  async function signOut(account, button) {
    button.disabled = true;
    try {
      const { revoked, accounts: left, otherBrowsers } = await api.signOut(account.network);
      const still = left.length > 0 && `Still signed in here: ${left.map(other => networkNames[other.network]).join(' and ')}.`;
      const elsewhere = otherBrowsers > 0 && `${count(otherBrowsers, 'other browser shows', 'other browsers show')} the same searches.`;
      const words = revoked
        ? notice('good', `You are signed out of ${networkNames[account.network]}`, account.network === 'bluesky' && 'Delete the app password in Bluesky’s settings too.', still, elsewhere)
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
      : element('p', { class: 'small' }, 'You are not signed in anywhere, and need not be. With an account FindMe can search where only accounts may.'),
    choices.length > 0 && element('details', { open: accounts.length === 0 }, element('summary', {}, accounts.length === 0 ? 'Sign in' : 'Sign in elsewhere too'), choices),
    answer);
}

// Said when a network did not confirm that the access is gone.
export const stillGranted = networks => notice('info', `${networks.map(network => networkNames[network]).join(' and ')} did not answer`,
  'FindMe has deleted its copy of the access. To make sure that the access ends, also remove FindMe from the apps in that network’s settings.');

// The account's picture as a picture of one's face: a click of its own, since signing in was no consent to it.
export function avatarOffers(page, me, { taken, refused }) {
  const offers = me.accounts.filter(account => account.avatarAsReference).map(account => {
    const button = element('button', { type: 'button', class: 'button', onclick: () => take() }, `Use my picture on ${networkNames[account.network]}`);
    async function take(replacing = false) {
      button.disabled = true;
      try {
        taken(await api.addAvatar(account.network, replacing), replacing);
        row.remove();
      } catch (problem) {
        button.disabled = false;
        if (!page.needsConsent(problem)) refused(problem, () => take(true));
      }
    }
    const row = element('li', {}, portrait(account), element('p', {}, element('bdi', {}, `@${account.handle}`)), button);
    return row;
  });
  return offers.length > 0 && element('ul', { class: 'references offers', 'aria-label': 'Pictures of your accounts' }, offers);
}

const portrait = account => element('span', { class: 'crop portrait' },
  account.avatarUrl && element('img', { src: account.avatarUrl, alt: '', width: 68, height: 68 }));

// One person in several browsers: a code from one opens the same searches in another.
export function browserPanel(page, me) {
  const answer = element('div', {});
  const text = element('input', { id: 'browser-code', required: true, placeholder: 'ABCDE-12345', autocapitalize: 'characters', spellcheck: 'false', autocomplete: 'one-time-code' });
  const others = me.otherBrowsers > 0 && element('p', {}, `${count(me.otherBrowsers, 'other browser shows', 'other browsers show')} the same selfies and searches. `,
    element('button', { type: 'button', class: 'button quiet small', onclick: signOut }, 'Sign out the others'));

  async function show() {
    try {
      const { code, expiresAt } = await api.browserCode();
      replace(answer, notice('info', code, `Enter it in the other browser, under My data. It works once, until ${minuteOf(expiresAt)}. Give it to nobody: it opens everything of yours.`));
      announceNow(`The code is ${[...code].join(' ')}`);
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  async function enter(discard) {
    for (const button of node.querySelectorAll('button')) button.disabled = true;
    try {
      await api.enterBrowserCode(text.value, discard);
      page.goWith(notice('good', 'This browser shows the same selfies and searches now'), 'searches');
    } catch (problem) {
      for (const button of node.querySelectorAll('button')) button.disabled = false;
      replace(answer, problem.slug === 'things-here'
        ? problemNotice(problem, element('button', { type: 'button', class: 'button danger', onclick: () => enter(true) }, 'Delete what is here, and open the others'))
        : problemNotice(problem));
    }
  }

  async function signOut(event) {
    event.target.disabled = true;
    try {
      await api.signOutOtherBrowsers();
      page.goWith(notice('good', 'The other browsers are signed out'), 'privacy');
    } catch (problem) {
      event.target.disabled = false;
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  const node = element('section', { class: 'panel', 'aria-label': 'Other browsers' },
    element('h2', {}, 'Other browsers'),
    others,
    element('p', { class: 'actions' }, element('button', { type: 'button', class: 'button', onclick: show }, 'Use another browser too')),
    element('details', {}, element('summary', {}, 'Enter a code from another browser'),
      element('form', { class: 'sign-in', onsubmit: event => { event.preventDefault(); enter(false); } },
        element('label', { for: text.id }, 'The code that the other browser shows'),
        element('div', { class: 'row' }, text, element('button', { type: 'submit', class: 'button' }, 'Open')))),
    answer);
  return node;
}
