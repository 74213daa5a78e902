// The person's own photos in a ZIP file: sent as it is, unpacked on the server within bounds, and gone after a while.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { count, dayOf, percent, sentence } from './words.js';

export function zipChoice(page, source) {
  const choices = [...source.query.choices ?? []];
  const answer = element('div', {});
  const progress = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Sent' });
  const file = element('input', { type: 'file', id: 'zip', accept: '.zip,application/zip', onchange: send });
  const list = element('div', { class: 'albums' });
  const sent = element('fieldset', { hidden: choices.length === 0 }, element('legend', {}, element('h2', {}, 'What you have sent')), list);

  function card(choice, checked) {
    return element('label', { class: 'album' },
      element('input', { type: 'radio', name: 'upload', value: choice.value, checked }),
      element('span', { class: 'album-label' }, choice.label));
  }

  async function send() {
    const zip = file.files[0];
    if (!zip) return;
    file.disabled = true;
    progress.hidden = false;
    replace(answer);
    try {
      const upload = await api.upload(zip, part => {
        progress.value = part;
        progress.textContent = percent(part);
      });
      const photos = count(upload.photos, 'photo');
      list.append(card({ value: upload.id, label: `${zip.name}: ${photos}` }, true));
      sent.hidden = false;
      const left = upload.skipped ?? [];
      replace(answer, notice('good', `${photos} arrived`, `They are deleted by themselves on ${dayOf(upload.expiresAt)}.`,
        left.length > 0 && element('details', {}, element('summary', {}, `${count(left.length, 'file')} left out`),
          element('ul', {}, left.map(skip => element('li', {}, element('span', { class: 'file' }, skip.name ?? skip.path ?? ''), ' ', sentence(skip.reason)))))));
      announceNow(`${photos} arrived.`);
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
    file.disabled = false;
    file.value = '';
    progress.hidden = true;
  }

  list.append(...choices.map((choice, index) => card(choice, index === choices.length - 1)));
  const node = element('div', {},
    element('p', { class: 'field' }, element('label', { for: 'zip' }, 'A ZIP file of photos'), file,
      element('span', { class: 'small' }, 'Only you can search it.')),
    progress, answer, sent);

  return {
    node,
    wish() {
      const chosen = node.querySelector('input[name=upload]:checked');
      return chosen ? { query: chosen.value } : { missing: 'Please choose a ZIP file first.', focus: file };
    },
  };
}
