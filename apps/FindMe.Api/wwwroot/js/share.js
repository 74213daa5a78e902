// Links by which others see chosen photos of a search: made, copied, revoked.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';
import { count, minuteOf } from './words.js';

const DAYS = [1, 7, 30];

/**
 * Shows it in an element.
 * @param container The element; what is in it is replaced.
 * @param page The page, for its way back to the consent.
 * @param searchId The search.
 * @param photos The photos to share: matches as the API tells of them, all of which count as found.
 */
export async function mountShare(container, page, searchId, photos) {
  const answer = element('div', { class: 'answer' });
  const links = element('ul', { class: 'share-links' });
  const none = element('p', { class: 'small' }, 'There are no links to photos of this search.');
  const onX = photos.filter(match => match.post?.network === 'x').length;
  const create = element('button', { type: 'button', class: 'button primary', disabled: photos.length === 0, onclick: make }, `Create a link to ${count(photos.length, 'photo')}`);
  const choice = element('fieldset', { class: 'share-days' }, element('legend', {}, 'The link works for'),
    DAYS.map(days => element('label', {}, element('input', { type: 'radio', name: `days-${searchId}`, value: days, checked: days === 7 }), ` ${count(days, 'day')}`)));
  const node = element('section', { class: 'panel share', 'aria-label': 'Share' },
    element('h2', {}, 'Share'),
    element('p', {}, `Anyone with the link sees ${photos.length === 1 ? 'this photo' : `these ${count(photos.length, 'photo')}`}, where they were posted, and the title of your report. `,
      'They see nothing else: not your selfies, no other results. The places where the photos were taken are removed.'),
    onX > 0 && element('p', { class: 'small' }, `${count(onX, 'photo')} of X ${onX === 1 ? 'is a link' : 'are links'} there: X allows no copies.`),
    choice, element('p', { class: 'actions' }, create), answer, none, links);

  for (const share of await api.shares(searchId)) links.prepend(row(share));
  settle();
  replace(container, node);

  function settle() {
    none.hidden = links.children.length > 0;
  }

  async function make() {
    create.disabled = true;
    try {
      const days = Number(choice.querySelector(':checked').value);
      const share = await api.share(searchId, { photos: photos.map(match => match.photo.id), days });
      replace(answer);
      const item = row(share);
      links.prepend(item);
      settle();
      item.querySelector('.share-copy').focus();
      announceNow('The link is there. Copy it to send it.');
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
    create.disabled = false;
  }

  function row(share) {
    const words = `made on ${minuteOf(share.createdAt)}`;
    const address = element('input', { type: 'text', readonly: true, class: 'file', value: share.url, 'aria-label': `Link ${words}`, onfocus: () => address.select() });
    const copy = element('button', { type: 'button', class: 'button small share-copy', onclick: copyLink }, 'Copy link', element('span', { class: 'visually-hidden' }, ` ${words}`));
    const revoke = element('button', { type: 'button', class: 'button small danger', onclick: end }, 'Revoke', element('span', { class: 'visually-hidden' }, ` the link ${words}`));
    const item = element('li', {}, address, copy, revoke, element('p', { class: 'small' }, `${count(share.photos, 'photo')}. Expires on ${minuteOf(share.expiresAt)}.`));

    async function copyLink() {
      try {
        await navigator.clipboard.writeText(share.url);
        announceNow('The link is copied.');
        copy.firstChild.textContent = 'Copied';
        setTimeout(() => { copy.firstChild.textContent = 'Copy link'; }, 2000);
      } catch {
        // Not allowed, or not over https: it can be copied by hand.
        address.focus();
        announceNow('Copy the selected link.');
      }
    }

    async function end() {
      revoke.disabled = true;
      try {
        await api.revokeShare(searchId, share.token);
        item.remove();
        settle();
        replace(answer);
        create.focus();
        announceNow('The link is revoked: it shows nothing any more.');
      } catch (problem) {
        revoke.disabled = false;
        if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
      }
    }

    return item;
  }
}
