// Albums: one of several, narrowed by name where there are many.
import { element } from './element.js';
import { count } from './words.js';

// With more albums than this, a field to narrow the list saves scrolling.
const FILTER_FROM = 9;

export function albumChoice(source, changed) {
  const cards = source.query.choices.map(choice => ({
    choice,
    node: element('label', { class: 'album' },
      element('input', { type: 'radio', name: 'album', value: choice.value, required: true, checked: source.query.choices.length === 1, onchange: changed }),
      element('span', { class: 'album-label' }, choice.label)),
  }));
  const shownCount = element('p', { class: 'small', role: 'status' });
  const filter = element('input', { type: 'search', id: 'filter', autocomplete: 'off', oninput: narrow });

  function narrow() {
    const wanted = filter.value.trim().toLowerCase();
    const matching = cards.filter(card => {
      const fits = card.choice.label.toLowerCase().includes(wanted);
      card.node.hidden = !fits;
      return fits;
    });
    shownCount.textContent = wanted ? `${count(matching.length, 'album')} with “${filter.value.trim()}” in the name` : '';
  }

  const node = element('div', {},
    cards.length >= FILTER_FROM && element('p', { class: 'filter' }, element('label', { for: 'filter' }, 'Find an album by name'), filter, shownCount),
    element('fieldset', {}, element('legend', {}, element('h2', {}, source.title)), element('div', { class: 'albums' }, cards.map(card => card.node))));

  return {
    node,
    wish() {
      const chosen = node.querySelector('input[name=album]:checked');
      return chosen ? { query: chosen.value } : { missing: 'Please choose an album first.', focus: node.querySelector('input[name=album]') };
    },
  };
}
