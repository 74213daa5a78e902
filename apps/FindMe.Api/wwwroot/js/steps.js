// The frame of the three steps before a search: where one is, the heading, and the panel to act in.
import { element } from './element.js';

const steps = [
  ['consent', 'Agree'],
  ['face', 'Show your face'],
  ['album', 'Choose the photos'],
];

export function stepFrame(current, heading, lead, ...panel) {
  const at = steps.findIndex(([name]) => name === current);
  const list = steps.map(([name, label], index) => {
    const state = index < at ? 'done' : index === at ? 'current' : 'ahead';
    const inner = index < at
      ? element('a', { href: name === 'consent' ? '#privacy' : `#${name}` }, label, element('span', { class: 'visually-hidden' }, ' (done)'))
      : element('span', {}, label);
    return element('li', { class: state, 'aria-current': index === at ? 'step' : null }, inner);
  });
  return element('div', { class: `stage stage-${current}` },
    element('div', { class: 'pitch' },
      element('ol', { class: 'steps', 'aria-label': 'Steps' }, list),
      element('h1', {}, heading),
      element('p', { class: 'lead' }, lead),
      element('img', { class: 'art', src: '/art/contact-sheet.svg', alt: '', width: 640, height: 440 })),
    element('section', { class: 'panel', 'aria-label': steps[at][1] }, panel));
}
