// A message beside the thing it is about: what happened, and the way out.
import { element } from './element.js';
import { sentence, table } from './words.js';

// The API tells programs the way out; where that is a request to send, the page has a button for it and says so instead.
const waysOut = table({
  'consent-outdated': 'The text has changed since this page was opened. Reload the page and read it again.',
  'no-face': 'Try a photo with your face from the front, in good light, and not covered.',
  'face-too-small': 'Come closer, or cut the photo so that your face fills more of it.',
  'not-an-image': 'Choose another file.',
  'too-many-references': 'Delete one of the selfies below first.',
  'too-many-uploads': 'Delete one of those below first.',
  'upload-quota': 'Delete an upload below, send fewer photos, or try again later.',
  'unknown-album': 'Choose another album; this one no longer exists.',
  'no-reference': 'Add a selfie first.',
  'account-needed': 'Sign in above, or search elsewhere.',
  'max-cost-missing': 'Say how much the search may cost.',
  'bad-max-cost': 'Choose an amount in that range.',
  'has-selfies': 'Search with your selfies, or delete them first.',
  'unknown-upload': 'Send the ZIP file again: uploads are deleted after a while.',
  'too-many': 'Wait until a running search has ended, or cancel one.',
  'another-person': 'FindMe looks for one person only. Use another photo of the same face, or replace your selfies with this one.',
  'other-person': 'You can use it here instead, which signs it out there. Or open those searches here, with a code from that browser.',
  'things-here': 'Keep what is in this browser, or replace it with what the other browser has.',
  'wrong-code': 'Make a new one in the other browser: My data, “Use another browser too”.',
  'no-sign-in': 'Please sign in again.',
});

export function notice(kind, title, ...body) {
  return element('div', { class: `notice ${kind}`, role: kind === 'problem' ? 'alert' : null },
    title && element('p', { class: 'notice-title' }, ...[title].flat()),
    body.map(part => (typeof part === 'string' ? part && element('p', {}, part) : part)));
}

export function problemNotice(problem, ...actions) {
  return notice('problem', sentence(problem.title || 'Something went wrong'),
    sentence(waysOut[problem.slug] ?? problem.detail),
    actions.length > 0 && element('p', { class: 'actions' }, actions));
}
