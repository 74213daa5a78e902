// What to look for on a network: hashtags or words, how far, and, where it costs, how much at most.
import { api } from './api.js';
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';
import { count } from './words.js';

const money = amount => `$${amount.toFixed(2)}`;

export function searchTerms(source) {
  const has = field => source.fields.includes(field);
  const id = field => `${source.name}-${field}`;
  const query = element('input', { id: id('query'), placeholder: source.query.placeholder, required: true, maxlength: 1000, autocapitalize: 'none', spellcheck: 'false', autocomplete: 'off' });
  const inputs = {
    since: element('input', { id: id('since'), type: 'date' }),
    until: element('input', { id: id('until'), type: 'date' }),
    language: element('input', { id: id('language'), maxlength: 3, size: 4, placeholder: 'en', autocapitalize: 'none' }),
    limit: element('input', { id: id('limit'), type: 'number', min: 1, max: 10000, placeholder: '1000', inputmode: 'numeric' }),
  };
  const labels = { since: 'From (day)', until: 'To (day)', language: 'Language', limit: 'Posts at most' };
  const cost = has('maxCost') ? costChoice(source, terms) : undefined;

  const node = element('div', { class: 'search-terms' },
    source.reason && element('p', { class: 'small' }, source.reason),
    element('p', { class: 'field' }, element('label', { for: query.id }, source.query.label), query),
    source.fields.some(field => inputs[field]) && element('details', {}, element('summary', {}, 'Narrow it down'),
      element('div', { class: 'fields' }, Object.keys(inputs).filter(has).map(field =>
        element('p', { class: 'field' }, element('label', { for: inputs[field].id }, labels[field]), inputs[field])))),
    cost?.node);

  function terms() {
    const wish = { query: query.value.trim() };
    if (inputs.since.value) wish.since = `${inputs.since.value}T00:00:00Z`;
    // The last day counts too: until is the moment before which posts are taken.
    if (inputs.until.value) wish.until = new Date(Date.parse(`${inputs.until.value}T00:00:00Z`) + 24 * 60 * 60 * 1000).toISOString();
    if (inputs.language.value.trim()) wish.language = inputs.language.value.trim();
    if (inputs.limit.value) wish.limit = Number(inputs.limit.value);
    return wish;
  }

  return {
    node,
    wish() {
      if (!query.value.trim()) return { missing: `Enter what to look for, such as ${source.query.placeholder}.`, focus: query };
      return cost ? cost.complete(terms()) : terms();
    },
  };
}

// What it would cost, and the person's own limit; nothing is paid for posts before they have confirmed it.
function costChoice(source, terms) {
  const answer = element('div', { role: 'status' });
  const most = element('input', { id: 'max-cost', type: 'number', min: 0.01, step: 0.01, inputmode: 'decimal', oninput: () => { confirmed.checked = false; } });
  const confirmed = element('input', { type: 'checkbox', id: 'cost-confirmed' });
  const button = element('button', { type: 'button', class: 'button', onclick: estimate }, 'Estimate the cost');

  async function estimate() {
    button.disabled = true;
    try {
      const { posts, cost, spent } = await api.estimate({ source: source.name, ...terms() });
      replace(answer, element('p', {},
        posts === undefined || posts === null ? '' : `There are about ${count(posts, 'post')}. `, `Looking through them costs ${money(cost)} at most.`,
        spent > 0 && element('span', { class: 'small' }, ` This question has cost ${money(spent)}.`)));
      // Rounded up to a cent: with less, the last page could not be paid.
      most.value = (Math.ceil(Math.max(0.01, cost) * 100 - 1e-6) / 100).toFixed(2);
      confirmed.checked = false;
    } catch (problem) {
      replace(answer, problemNotice(problem));
    }
    button.disabled = false;
  }

  return {
    node: element('fieldset', { class: 'cost' },
      element('legend', {}, 'What it may cost'),
      element('p', { class: 'actions' }, button), answer,
      element('p', { class: 'field' }, element('label', { for: most.id }, 'Spend at most (US dollars)'), most),
      element('label', { class: 'tick', for: confirmed.id }, confirmed, element('span', {}, 'I agree to spend up to this amount. The search stops before it would cost more.'))),
    complete(wish) {
      if (!(Number(most.value) > 0)) return { missing: 'Say how much the search may cost.', focus: most };
      if (!confirmed.checked) return { missing: 'Confirm what the search may cost.', focus: confirmed };
      return { ...wish, maxCost: Number(most.value) };
    },
  };
}
