// The person's own photos in a ZIP file: sent as it is, unpacked on the server within bounds, and gone after a while.
import { Problem, api } from './api.js';
import { announceNow } from './announce.js';
import { element, icon, icons, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { count, dayOf, megabytes, percent, sentence } from './words.js';

export function zipChoice(page, source) {
  const { choices = [], maxBytes } = source.query;
  const answer = element('div', {});
  const name = element('input', { type: 'text', id: 'zip-name', maxlength: 100, autocomplete: 'off', placeholder: 'The name of the file' });
  const progress = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Sent' });
  const file = element('input', { type: 'file', id: 'zip', accept: '.zip,application/zip', onchange: send });
  const list = element('ul', { class: 'uploads' });
  const sent = element('fieldset', { hidden: choices.length === 0 }, element('legend', {}, element('h2', {}, 'What you have sent')), list);

  function row(upload, checked) {
    const remove = element('button', { type: 'button', class: 'button quiet small', onclick: forget }, icon(icons.trash), 'Delete',
      element('span', { class: 'visually-hidden' }, ` ${upload.label}`));
    const node = element('li', {},
      element('label', { class: 'album' },
        element('input', { type: 'radio', name: 'upload', value: upload.value, checked }),
        element('span', { class: 'album-label' }, upload.label)),
      remove);

    async function forget() {
      remove.disabled = true;
      try {
        await api.deleteUpload(upload.value);
        node.remove();
        sent.hidden = list.children.length === 0;
        replace(answer);
        announceNow('The photos were deleted.');
        // The button that had the focus is gone with its row.
        file.focus();
      } catch (problem) {
        remove.disabled = false;
        refused(problem);
      }
    }

    return node;
  }

  async function send() {
    const zip = file.files[0];
    if (!zip) return;
    file.disabled = true;
    progress.hidden = false;
    replace(answer);
    try {
      // Said now, not after an hour of sending.
      if (zip.size > maxBytes) {
        throw new Problem({ type: 'too-large', title: `This ZIP file has ${megabytes(zip.size)}, and ${megabytes(maxBytes)} can be sent.`, detail: 'Send the photos in several ZIP files.' });
      }
      const upload = await api.upload(zip, name.value.trim() || zip.name.replace(/\.zip$/i, ''), part => {
        progress.value = part;
        progress.textContent = percent(part);
      });
      const photos = count(upload.photos, 'photo');
      list.append(row({ value: upload.id, label: `${upload.name ?? zip.name}: ${photos}` }, true));
      sent.hidden = false;
      const left = upload.skipped ?? [];
      replace(answer, notice('good', `${photos} arrived`, `They are deleted by themselves on ${dayOf(upload.expiresAt)}.`,
        left.length > 0 && element('details', {}, element('summary', {}, `${count(left.length, 'file')} left out`),
          element('ul', {}, left.map(skip => element('li', {}, element('span', { class: 'file' }, skip.name ?? skip.path ?? ''), ' ', sentence(skip.reason)))))));
      announceNow(`${photos} arrived.`);
    } catch (problem) {
      refused(problem);
    }
    file.disabled = false;
    file.value = '';
    progress.hidden = true;
  }

  function refused(problem) {
    if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
  }

  list.append(...choices.map((choice, index) => row(choice, index === choices.length - 1)));
  const node = element('div', {},
    element('p', { class: 'field' }, element('label', { for: 'zip-name' }, 'What to call them (optional)'), name),
    element('p', { class: 'field' }, element('label', { for: 'zip' }, 'A ZIP file of photos'), file,
      element('span', { class: 'small' }, `Up to ${megabytes(maxBytes)}. Only you can search it.`)),
    progress, answer, sent);

  return {
    node,
    wish() {
      const chosen = node.querySelector('input[name=upload]:checked');
      return chosen ? { query: chosen.value } : { missing: 'Please choose a ZIP file first.', focus: file };
    },
  };
}
