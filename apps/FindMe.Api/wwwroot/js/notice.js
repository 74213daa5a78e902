// A message beside the thing it is about: what happened, and the way out.
import { element } from './element.js';
import { sentence } from './words.js';

const waysOut = {
  'no-face': 'Try a photo with your face from the front, in good light, and not covered.',
  'face-too-small': 'Come closer, or cut the photo so that your face fills more of it.',
  'not-an-image': 'Choose a JPEG, PNG or WebP picture.',
  'too-large': 'A smaller copy of the same photo is good enough.',
  'unknown-album': 'Choose another album; this one is not there any more.',
  'no-reference': 'Show your face first, so that there is something to look for.',
  'too-many': 'Wait until a running search has ended, or cancel one.',
};

export function notice(kind, title, ...body) {
  return element('div', { class: `notice ${kind}`, role: kind === 'problem' ? 'alert' : null },
    title && element('p', { class: 'notice-title' }, title),
    body.map(part => (typeof part === 'string' ? part && element('p', {}, part) : part)));
}

export function problemNotice(problem, ...actions) {
  return notice('problem', sentence(problem.title || 'Something went wrong'),
    problem.detail && problem.detail !== problem.title ? sentence(problem.detail) : '',
    waysOut[problem.slug] ?? '',
    actions.length > 0 && element('p', { class: 'actions' }, actions));
}
