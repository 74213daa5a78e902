// The photos that could not be compared, by reason in words, and what helps.
import { element, replace } from './element.js';
import { count, sentence } from './words.js';

// Of each reason; an album has thousands that are no picture.
const MOST_NAMES = 100;

// retry(): compares those again that failed for what may have passed.
export function skippedPhotos(search, retry) {
  const summary = element('summary', {});
  const reasons = element('ul', { class: 'reasons' });
  const node = element('details', { class: 'skipped', hidden: true }, summary, reasons);
  let shown = 0;

  return {
    node,
    show() {
      const { skipped } = search;
      node.hidden = skipped.length === 0;
      if (skipped.length === shown) return;
      shown = skipped.length;
      summary.textContent = `${count(skipped.length, 'photo')} could not be compared`;
      const byReason = Map.groupBy(skipped, skip => skip.reason);
      replace(reasons, [...byReason].map(([reason, some]) => element('li', {},
        element('p', {}, element('strong', {}, sentence(reason)), ` ${count(some.length, 'photo')}.`),
        some.some(skip => skip.canRetry) && element('p', {}, 'This may have passed since. ', element('button', { type: 'button', class: 'button small', onclick: retry }, 'Try again')),
        element('ul', {}, some.slice(0, MOST_NAMES).map(skip => element('li', { class: 'file' }, skip.photo.id)),
          some.length > MOST_NAMES && element('li', {}, `and ${(some.length - MOST_NAMES).toLocaleString('en')} more`)))));
    },
  };
}
