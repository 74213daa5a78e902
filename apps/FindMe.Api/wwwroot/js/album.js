// Step 3: which photos to look through.
import { api } from './api.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { stepFrame } from './steps.js';
import { count } from './words.js';

// With more albums than this, a field to narrow the list saves scrolling.
const FILTER_FROM = 9;

export async function albumView(page) {
  const [sources, references] = await Promise.all([api.sources(), api.references()]);
  const albums = sources.flatMap(source => source.items.map(item => ({ ...item, source: source.source, group: source.label })));

  const answer = element('div', { class: 'answer' });
  const cards = albums.map((album, index) => ({
    album,
    node: element('label', { class: 'album' },
      element('input', { type: 'radio', name: 'album', value: String(index), required: true, onchange: () => replace(answer) }),
      element('span', { class: 'album-label' }, album.label)),
  }));

  const fieldsets = sources.filter(source => source.items.length > 0).map(source => element('fieldset', {},
    element('legend', {}, element('h2', {}, source.label)),
    element('div', { class: 'albums' }, cards.filter(card => card.album.source === source.source).map(card => card.node))));

  const shownCount = element('p', { class: 'small', role: 'status' });
  const filter = element('input', { type: 'search', id: 'filter', autocomplete: 'off', oninput: narrow });

  function narrow() {
    const wanted = filter.value.trim().toLowerCase();
    const matching = cards.filter(card => {
      const fits = card.album.label.toLowerCase().includes(wanted);
      card.node.hidden = !fits;
      return fits;
    });
    shownCount.textContent = wanted ? `${count(matching.length, 'album')} with “${filter.value.trim()}” in the name` : '';
  }

  async function start(event) {
    event.preventDefault();
    const chosen = form.querySelector('input[name=album]:checked');
    if (!chosen) {
      replace(answer, notice('problem', 'Please choose an album first.'));
      form.querySelector('input[name=album]')?.focus();
      return;
    }
    const { source, query } = albums[Number(chosen.value)];
    button.disabled = true;
    try {
      const search = await api.startSearch(source, query);
      page.go('search', search.id);
    } catch (problem) {
      button.disabled = false;
      if (page.needsConsent(problem)) return;
      const face = problem.slug === 'no-reference' && element('a', { class: 'button', href: '#face' }, 'Show your face');
      replace(answer, face ? problemNotice(problem, face) : problemNotice(problem));
    }
  }

  const button = element('button', { type: 'submit', class: 'button primary large' }, 'Find me');
  const form = element('form', { novalidate: true, onsubmit: start },
    albums.length >= FILTER_FROM && element('p', { class: 'filter' }, element('label', { for: 'filter' }, 'Find an album by name'), filter, shownCount),
    fieldsets,
    element('p', { class: 'actions' }, button),
    answer);

  const empty = notice('info', 'There are no albums yet', 'Whoever runs this FindMe has not added any photos. Come back when they have.');
  const faceless = notice('info', 'First show your face', 'Otherwise there is nothing to look for.',
    element('p', { class: 'actions' }, element('a', { class: 'button primary', href: '#face' }, 'Show your face')));

  return {
    title: 'Choose the photos',
    node: stepFrame('album', 'Where might you be?',
      'Choose an album. Every face in it is compared with yours and then forgotten; only the photos you are in are listed.',
      references.length === 0 ? faceless : albums.length === 0 ? empty : form),
  };
}
