// A demo's sample face: one press adds it as a reference that is marked as a sample, and searches the demo photos for it.
import { api } from './api.js';
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';

export function sampleOffer(page, demo) {
  if (!demo) return false;
  const answer = element('div', { class: 'answer' });
  const button = element('button', { type: 'button', class: 'button', onclick: start }, 'Try it with a sample face');

  async function start() {
    button.disabled = true;
    try {
      await api.addSample();
      const where = demo.album ? { source: 'album', query: demo.album } : { source: 'hashtags', query: demo.hashtag };
      page.go('search', (await api.startSearch(where)).id);
    } catch (problem) {
      button.disabled = false;
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  return element('div', { class: 'sample-offer' },
    element('p', { class: 'small' }, 'This is a demo with sample photos. No selfie at hand?'),
    element('p', { class: 'actions' }, button), answer);
}
