// What is kept about the person, and the one button that ends it.
import { accountPanel, browserPanel, stillGranted } from './account.js';
import { api } from './api.js';
import { consentText } from './consent.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { forgetSelfies } from './own-face.js';
import { referenceList } from './references.js';
import { count } from './words.js';

export async function privacyView(page) {
  const consent = await api.consent();
  const [references, searches, me] = consent.accepted ? await Promise.all([api.references(), api.searches(), api.me()]) : [[], []];
  const list = referenceList(page, references);

  const kept = consent.accepted
    ? element('p', { class: 'lead' }, `Stored about you: ${count(references.length, 'selfie')} and `,
      element('a', { href: '#searches' }, count(searches.length, 'search', 'searches')),
      `. Everything is deleted after ${consent.days} days.`)
    : element('p', { class: 'lead' }, 'Nothing is stored about you: you have not agreed to anything.');

  return {
    title: 'My data',
    node: element('div', { class: 'narrow' },
      element('h1', {}, 'My data'),
      kept,
      consent.accepted && element('section', { class: 'panel', 'aria-label': 'Your selfies' }, list.node,
        element('p', { class: 'actions' },
          element('button', { type: 'button', class: 'button danger', onclick: () => document.getElementById('delete-everything').click() }, 'Delete everything about me'))),
      me && accountPanel(page, me),
      me && browserPanel(page, me),
      element('section', { class: 'panel', 'aria-label': consent.title },
        element('h2', {}, consent.accepted ? 'What you agreed to' : consent.title), consentText(consent))),
    leave: list.leave,
  };
}

// Asks once more, deletes, and hands over what the server says it deleted.
export function confirmDeleteEverything(done) {
  const answer = element('div', {});
  const yes = element('button', { type: 'button', class: 'button danger', onclick: erase }, 'Delete everything');
  const no = element('button', { type: 'button', class: 'button', autofocus: true, onclick: () => dialog.close() }, 'Keep it');
  const dialog = element('dialog', { class: 'confirm', 'aria-labelledby': 'confirm-title', onclose: () => dialog.remove() },
    element('h2', { id: 'confirm-title' }, 'Delete everything about you?'),
    element('p', {}, 'Your selfies, your searches and their results are deleted from this server now. A running search stops. This cannot be undone.'),
    answer,
    element('p', { class: 'actions' }, yes, no));

  async function erase() {
    yes.disabled = true;
    try {
      const { deleted, accounts = [] } = await api.deleteMe();
      forgetSelfies();
      const granted = accounts.filter(account => !account.revoked).map(account => account.network);
      dialog.close();
      done(notice('good', 'Everything about you is deleted',
        `${count(deleted.references, 'selfie')}, ${count(deleted.searches, 'search', 'searches')} and the results of ${count(deleted.photos, 'photo')}. Your cookie is gone too.`,
        accounts.length > granted.length && `You are signed out of ${count(accounts.length - granted.length, 'account')}, and the access was given back.`,
        granted.length > 0 && stillGranted(granted)));
    } catch (problem) {
      yes.disabled = false;
      // Without consent there is nothing to delete: that is the state the person wanted.
      if (problem.slug === 'consent-required') {
        dialog.close();
        done(notice('good', 'There is nothing about you here', 'Nothing of yours is kept on this server.'));
      } else {
        replace(answer, problemNotice(problem));
      }
    }
  }

  document.body.append(dialog);
  dialog.showModal();
}
