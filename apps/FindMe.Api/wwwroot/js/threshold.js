// How alike a face must be to be shown: decided here, from the distances that the server has stored, with no new request.
import { announce } from './announce.js';
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';
import { count } from './words.js';

// The slider counts in hundredths of a distance. 1.12 · 100 is a little more than 112.
const STEPS = 100;
const stepsAbove = distance => Math.ceil(STEPS * distance - 1e-6);

// The distance of the usual recipe beyond which a face does not count as found: docs/accuracy.md. Other recipes have another one, which
// lies between the farthest face that counts and the nearest that does not.
const USUAL_DEFAULT = 1.12;

// What was chosen stays as long as the page does: search id → distance.
const chosen = new Map();

export const chosenThreshold = id => chosen.get(id);

// ask(): reads what is beyond the default; changed(): the page shows something else now.
export function threshold(search, found, { ask, changed }) {
  const answer = element('div', {});
  const tally = element('output', { for: 'threshold' });
  const slider = element('input', { type: 'range', id: 'threshold', step: 1, list: 'threshold-default', oninput: moved });
  const mark = element('option', {});
  const reset = element('button', { type: 'button', class: 'button small', onclick: backToDefault }, 'Back to the default');
  const beyond = element('p', { class: 'small' });
  const body = element('div', { class: 'threshold-body', hidden: true },
    element('label', { for: 'threshold' }, 'How alike must a face be?'),
    element('div', { class: 'threshold-slider' }, slider,
      element('p', { class: 'small ends', 'aria-hidden': 'true' }, element('span', {}, 'Very alike: fewer photos'), element('span', {}, 'Less alike: more photos'))),
    element('datalist', { id: 'threshold-default' }, mark),
    element('p', { class: 'threshold-tally' }, tally, reset), beyond);
  const node = element('details', { class: 'threshold panel', hidden: true, ontoggle: opened }, element('summary', {}, 'Too many photos, or too few?'), answer, body);
  let usual;

  async function opened() {
    if (!node.open || usual !== undefined) return;
    try {
      await ask();
      begin();
      replace(answer);
    } catch (problem) {
      replace(answer, problemNotice(problem, element('button', { type: 'button', class: 'button small', onclick: opened }, 'Try again')));
    }
  }

  function begin() {
    const { counted, others } = found.distances();
    const farthest = Math.max(0, ...counted);
    const all = [...counted, ...others, USUAL_DEFAULT];
    usual = Math.round(STEPS * Math.max(farthest, Math.min(USUAL_DEFAULT, ...others)));
    slider.min = stepsAbove(Math.min(...all));
    slider.max = stepsAbove(Math.max(...all));
    mark.value = usual;
    mark.label = 'Default';
    slider.style.setProperty('--default', String((usual - slider.min) / (slider.max - slider.min || 1)));
    const kept = chosen.get(search.id);
    slider.value = kept === undefined ? usual : Math.round(STEPS * kept);
    found.within = kept;
    if (kept !== undefined) changed();
    body.hidden = false;
    show();
  }

  const isUsual = () => Number(slider.value) === usual;

  function moved() {
    if (isUsual()) chosen.delete(search.id);
    else chosen.set(search.id, Number(slider.value) / STEPS);
    found.within = chosen.get(search.id);
    changed();
    show();
    announce(tally.textContent);
  }

  function backToDefault() {
    slider.value = usual;
    moved();
    slider.focus();
  }

  function show() {
    if (usual === undefined) return;
    const cards = found.cards('found');
    const uncounted = cards.filter(card => !card.counts).length;
    tally.textContent = `${count(cards.length, 'photo')}${isUsual() ? ', the default' : ''}`;
    slider.setAttribute('aria-valuetext', tally.textContent);
    reset.hidden = isUsual();
    beyond.textContent = uncounted > 0
      ? `${count(uncounted, 'photo')} of these ${uncounted === 1 ? 'does' : 'do'} not count as found. Say “That’s me” on yours: only then are they downloaded and reported.`
      : '';
  }

  return { node, show };
}
