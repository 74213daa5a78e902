// Step 3: which photos to look through: what the operator offers, what the person sends, what was posted.
import { api } from './api.js';
import { signInChoices } from './account.js';
import { albumChoice } from './album-choice.js';
import { element, replace, replaceInView } from './element.js';
import { notice, problemNotice } from './notice.js';
import { searchTerms } from './search-terms.js';
import { stepFrame } from './steps.js';
import { zipChoice } from './zip-choice.js';

// Sources that take a hashtag, whatever else they take.
const HASHTAG_SOURCES = ['hashtags', 'mastodon', 'bluesky'];

export async function albumView(page) {
  const [sources, references, me] = await Promise.all([api.sources(), api.references(), api.me()]);
  // A source that lacks something can be chosen too: only then it says what, and offers the way there.
  const usable = sources.filter(source => source.available || source.needs === 'account');
  const closed = sources.filter(source => !usable.includes(source));

  const answer = element('div', { class: 'answer' });
  const parts = new Map();
  let chosen = usable.find(source => source.available) ?? usable[0];

  // The networks that are searched by hashtag share one chip; which of them is chosen inside.
  const networks = usable.filter(source => HASHTAG_SOURCES.includes(source.name));
  const network = networks.find(source => source.available) ?? networks[0];
  const chips = usable.filter(source => source === network || !networks.includes(source));
  const tabs = chips.map(source => element('label', { class: 'source' },
    element('input', { type: 'radio', name: 'source', value: source.name, checked: source === chosen, onchange: () => choose(source) }),
    element('span', {}, source === network ? 'Hashtag' : source.title)));
  const networkChoice = element('p', { class: 'field', hidden: true },
    element('label', { for: 'network' }, 'Network'),
    element('select', { id: 'network', onchange: event => choose(networks[event.target.selectedIndex]) },
      networks.map(source => element('option', { value: source.name, selected: source === network }, source.title))));
  const where = element('fieldset', { class: 'where', hidden: chips.length < 2 }, element('legend', {}, element('h2', {}, 'Where to look')), element('div', { class: 'source-list' }, tabs));
  const panel = element('div', { class: 'source-panel' });
  const button = element('button', { type: 'submit', class: 'button primary large' }, 'Find me');
  const form = element('form', { novalidate: true, onsubmit: start },
    where, networkChoice, panel, element('p', { class: 'actions' }, button), answer,
    closed.length > 0 && element('details', { class: 'closed' }, element('summary', {}, 'Not offered here'),
      element('dl', { class: 'terms' }, closed.map(source => element('div', {}, element('dt', {}, source.title), element('dd', {}, source.reason))))));

  function partOf(source) {
    if (!source.available) {
      return {
        node: element('div', {}, notice('info', source.reason), signInChoices(me, () => page.go('album'), source.name)),
      };
    }
    if (source.name === 'zip') return zipChoice(page, source);
    return source.query.choices ? albumChoice(source, () => replace(answer)) : searchTerms(source);
  }

  function choose(source) {
    chosen = source;
    networkChoice.hidden = networks.length < 2 || !networks.includes(source);
    if (source === network) networkChoice.querySelector('select').value = network.name;
    if (!parts.has(source)) parts.set(source, partOf(source));
    const part = parts.get(source);
    replace(panel, part.node);
    button.hidden = !part.wish;
    replace(answer);
  }

  async function start(event) {
    event.preventDefault();
    const wish = parts.get(chosen).wish?.();
    if (!wish) return;
    if (wish.missing) {
      wish.focus?.focus({ preventScroll: true });
      replaceInView(answer, notice('problem', wish.missing));
      return;
    }
    button.disabled = true;
    try {
      const search = await api.startSearch({ source: chosen.name, ...wish });
      page.go('search', search.id);
    } catch (problem) {
      button.disabled = false;
      if (page.needsConsent(problem)) return;
      const face = problem.slug === 'no-reference' && element('a', { class: 'button', href: '#face' }, 'Show your face');
      replaceInView(answer, face ? problemNotice(problem, face) : problemNotice(problem));
    }
  }

  if (chosen) choose(chosen);
  const empty = notice('info', 'There are no albums yet', 'The operator of this FindMe has not added any photos yet. Come back later.');
  const faceless = notice('info', 'First show your face', 'Otherwise there is nothing to look for.',
    element('p', { class: 'actions' }, element('a', { class: 'button primary', href: '#face' }, 'Show your face')));

  return {
    title: 'Choose the photos',
    node: stepFrame('album', 'Where might you be?',
      'Every face there is compared with yours and then forgotten. Only photos of you are listed.',
      references.length === 0 ? faceless : chosen ? form : empty),
  };
}
