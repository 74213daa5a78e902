// The faces already shown: the server keeps numbers, not pictures, so only those sent from this page have a thumbnail.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { faceCrop } from './bounding-box.js';
import { element, icon, icons, replace } from './element.js';
import { problemNotice } from './notice.js';
import { forgetSelfie, forgetSelfies, rememberSelfie } from './own-face.js';
import { dayOf, minuteOf, qualityWords, sentence } from './words.js';

export function referenceList(page, references, changed = () => {}) {
  const items = element('ul', { class: 'references' });
  const answer = element('div', {});
  const heading = element('h2', { tabindex: -1 }, 'Your selfies');
  const node = element('section', { class: 'shown', 'aria-label': 'Your selfies' }, heading, items, answer);
  const thumbnails = [];
  const marks = new Map();

  function item(reference, preview) {
    const remove = element('button', { type: 'button', class: 'button quiet small', onclick: forget }, icon(icons.trash), 'Delete',
      element('span', { class: 'visually-hidden' }, reference.isSample ? ' the sample face' : ` the selfie of ${minuteOf(reference.createdAt)}`));
    const mark = element('p', { class: 'small', hidden: reference.isUsed }, 'Not used yet: add a photo that looks like this one and like the earlier ones.');
    marks.set(reference.id, mark);
    const row = element('li', {},
      preview ? faceCrop(preview, reference.box, reference) : element('span', { class: 'crop empty' }, icon(icons.face)),
      element('div', {},
        element('p', {}, reference.isSample ? 'Sample face of this demo' : `Added on ${minuteOf(reference.createdAt)}`),
        element('p', { class: 'small' }, reference.isSample ? 'Good for the demo photos only. Add a selfie to search for yourself.' : `${qualityWords(reference.quality)} · expires on ${dayOf(reference.expiresAt)}`),
        mark,
        !preview && !reference.isSample && reference.warnings.map(warning => element('p', { class: 'small' }, sentence(warning)))),
      remove);

    async function forget() {
      remove.disabled = true;
      try {
        await api.deleteReference(reference.id);
        row.remove();
        forgetSelfie(reference.id);
        markUsed(await api.references());
        announceNow('The selfie was deleted.');
        count();
        // The button that had the focus is gone with its row.
        (node.hidden ? document.querySelector('h1') : heading).focus();
      } catch (problem) {
        remove.disabled = false;
        if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
      }
    }

    return row;
  }

  function count() {
    node.hidden = items.children.length === 0;
    changed(items.children.length);
  }

  function markUsed(current) {
    for (const { id, isUsed } of current) {
      if (marks.has(id)) marks.get(id).hidden = isUsed;
    }
  }

  items.append(...references.map(reference => item(reference)));
  count();
  return {
    node,
    add(reference, photo) {
      const thumbnail = photo && URL.createObjectURL(photo);
      if (thumbnail) thumbnails.push(thumbnail);
      if (photo) rememberSelfie(reference, photo);
      items.prepend(item(reference, thumbnail));
      count();
    },
    mark: markUsed,
    clear() {
      forgetSelfies();
      items.replaceChildren();
      count();
    },
    leave: () => thumbnails.forEach(thumbnail => URL.revokeObjectURL(thumbnail)),
  };
}
