// The person's searches, newest first: to go back to, or to delete.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { deleteSoon, isBeingDeleted } from './deletion.js';
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';
import { count, hasEnded, minuteOf, placeOf, statusWords } from './words.js';

export async function searchesView(page) {
  const searches = (await api.searches()).filter(search => !isBeingDeleted(search.id));
  const answer = element('div', { class: 'answer' });
  const heading = element('h1', { tabindex: -1 }, 'My searches');
  const items = element('ul', { class: 'searches' });
  const none = element('p', { class: 'lead' }, 'There are none yet. ', element('a', { href: '#album' }, 'Start the first one'), '.');

  for (const search of searches) items.append(row(search));
  settle();

  function row(search) {
    const state = element('span', {});
    const remove = element('button', { type: 'button', class: 'button quiet small', onclick: act });
    const node = element('li', { class: 'panel' },
      element('h2', {}, element('a', { href: `#search=${encodeURIComponent(search.id)}` }, placeOf(search))),
      element('p', {}, state, ` · ${minuteOf(search.createdAt)}`),
      element('p', {}, `${count(search.matches, 'match', 'matches')} in ${count(search.photos.found, 'photo')}`),
      remove);

    function draw() {
      state.textContent = statusWords(search.status);
      replace(remove, hasEnded(search.status) ? 'Delete' : 'Cancel', element('span', { class: 'visually-hidden' }, ` the search in ${placeOf(search)}`));
    }

    function act() {
      if (hasEnded(search.status)) takeAway();
      else cancel();
    }

    async function cancel() {
      remove.disabled = true;
      try {
        await api.deleteSearch(search.id);
        Object.assign(search, await api.search(search.id), { matches: search.matches });
        draw();
        announceNow('The search was cancelled.');
      } catch (problem) {
        refused(problem);
      }
      remove.disabled = false;
    }

    function takeAway() {
      node.hidden = true;
      settle();
      heading.focus();
      deleteSoon(search.id, {
        undone() {
          node.hidden = false;
          settle();
          remove.focus();
          announceNow('The search stays.');
        },
        deleted: () => node.remove(),
        failed(problem) {
          node.hidden = false;
          settle();
          refused(problem);
        },
      });
    }

    function refused(problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }

    draw();
    return node;
  }

  function settle() {
    none.hidden = [...items.children].some(item => !item.hidden);
  }

  return {
    title: 'My searches',
    node: element('div', { class: 'narrow' }, heading, answer, none, items,
      element('p', { class: 'actions' }, element('a', { class: 'button primary', href: '#album' }, 'New search'))),
  };
}
