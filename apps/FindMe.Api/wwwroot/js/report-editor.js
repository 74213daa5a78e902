// The trip report of a search: its words, and its photos in their order, saved while they are written.
import { api } from './api.js';
import { announceNow } from './announce.js';
import { element, icon, icons, replace } from './element.js';
import { problemNotice } from './notice.js';
import { fileName, isLinkOnly, photoAddress } from './photo.js';
import { count } from './words.js';

// A pause after the last key; a sentence is saved once, not letter by letter.
const SAVE_AFTER_MS = 800;

// Width asked of the server for the picture of a line, in pixels.
const THUMBNAIL = 320;

const nameOf = match => (match.post?.author ? `the photo by ${match.post.author}` : fileName(match));

const thumbnail = match => element('img', { class: 'report-thumbnail', src: photoAddress(match.photo, THUMBNAIL), alt: '', loading: 'lazy' });

const address = (searchId, format) => `/api/searches/${encodeURIComponent(searchId)}/export?report=true&format=${format}`;

/**
 * Shows the editor in an element.
 * @param container The element; what is in it is replaced.
 * @param page The page, for its way back to the consent.
 * @param searchId The search.
 * @param photos All its found photos: matches as the API tells of them.
 * @returns leave(): saves what is not saved yet.
 */
export async function mountReportEditor(container, page, searchId, photos) {
  const byId = new Map(photos.map(match => [match.photo.id, match]));
  const state = element('p', { class: 'report-state', role: 'status' });
  const answer = element('div', { class: 'answer' });
  const list = element('ol', { class: 'report-photos' });
  const leftOut = element('ul', { class: 'report-photos report-left-out' });
  const leftOutCount = element('summary', {});
  const leftOutPart = element('details', { hidden: true }, leftOutCount, leftOut);
  const title = field('Title', { maxlength: 200, placeholder: 'My trip to …' }, 'title');
  const event = field('Event', { maxlength: 200 }, 'event');
  const from = field('First day', { type: 'date' }, 'from');
  const to = field('Last day', { type: 'date' }, 'to');
  const node = element('section', { class: 'panel report-editor', 'aria-label': 'Trip report' },
    element('div', { class: 'report-head' }, element('h2', {}, 'Trip report'), state),
    element('div', { class: 'report-fields' }, title.node, event.node, from.node, to.node),
    answer, list, leftOutPart,
    element('p', { class: 'actions' },
      element('button', { type: 'button', class: 'button primary', onclick: print }, icon(icons.print), 'Print or save as PDF'),
      [['html', 'Web page'], ['md', 'Markdown'], ['csv', 'CSV'], ['zip', 'ZIP with photos']].map(([format, label]) =>
        element('button', { type: 'button', class: 'button', onclick: () => download(format) }, icon(icons.download), label))));

  let report;
  let timer;
  // One request at a time; what changes meanwhile goes with the next one.
  let saving;
  let dirty = false;
  let dragged;

  await read();
  replace(container, node);
  return { leave: flush };

  function field(label, attributes, name) {
    const input = element('input', { type: 'text', dir: attributes.type === 'date' ? undefined : 'auto', ...attributes, oninput: () => { report[name] = input.value; changed(); } });
    return { input, node: element('label', { class: 'field' }, element('span', {}, label), input) };
  }

  async function read() {
    report = await api.report(searchId);
    for (const [name, { input }] of Object.entries({ title, event, from, to })) input.value = report[name] ?? '';
    draw();
    say(report.version ? 'Saved' : 'Not saved yet: this is a proposal');
  }

  function draw() {
    const shown = report.photos.map(id => byId.get(id)).filter(Boolean);
    const others = photos.filter(match => byId.has(match.photo.id) && !report.photos.includes(match.photo.id));
    replace(list, shown.map(line));
    replace(leftOut, others.map(otherLine));
    leftOutPart.hidden = others.length === 0;
    leftOutCount.textContent = `Left out: ${count(others.length, 'photo')}`;
    settle();
  }

  // The first cannot go earlier; who stands there keeps the focus all the same, so it is said and not disabled.
  function settle() {
    const lines = [...list.children];
    lines.forEach((item, place) => {
      item.querySelector('.report-earlier').setAttribute('aria-disabled', String(place === 0));
      item.querySelector('.report-later').setAttribute('aria-disabled', String(place === lines.length - 1));
    });
  }

  function line(match) {
    const { id } = match.photo;
    const name = nameOf(match);
    const caption = element('textarea', {
      rows: 2, maxlength: 1000, dir: 'auto', placeholder: 'Caption', 'aria-label': `Caption of ${name}`, oninput: () => {
        report.captions[id] = caption.value;
        changed();
      },
    });
    caption.value = report.captions[id] ?? '';
    const cover = !isLinkOnly(match) && element('label', { class: 'report-cover' },
      element('input', { type: 'radio', name: `cover-${searchId}`, checked: report.cover === id, onchange: () => { report.cover = id; changed(); } }), ' Cover',
      element('span', { class: 'visually-hidden' }, `: ${name}`));
    // The picture is the handle: in a line that can be dragged whole, no text can be selected.
    const handle = thumbnail(match);
    handle.draggable = true;
    handle.addEventListener('dragstart', drag => {
      dragged = item;
      drag.dataTransfer.effectAllowed = 'move';
      drag.dataTransfer.setData('text/plain', '');
      drag.dataTransfer.setDragImage(item, 0, 0);
      item.classList.add('dragged');
    });
    handle.addEventListener('dragend', () => {
      dragged = undefined;
      item.classList.remove('dragged');
      reordered();
    });
    const item = element('li', { 'data-photo': id, ondragover: over, ondrop: drop => drop.preventDefault() },
      handle,
      element('div', { class: 'report-line' },
        element('p', { class: 'small' }, element('bdi', {}, match.post?.author ?? fileName(match)), isLinkOnly(match) && ' – a link in the report: X allows no copies'),
        caption,
        element('div', { class: 'report-tools' },
          tool('report-earlier', '↑', `Move ${name} earlier`, button => move(item, -1, button)),
          tool('report-later', '↓', `Move ${name} later`, button => move(item, 1, button)),
          cover,
          element('button', { type: 'button', class: 'button quiet small', onclick: () => leave(id, name) }, 'Leave out', element('span', { class: 'visually-hidden' }, ` ${name}`)))));

    function over(drag) {
      if (!dragged || dragged === item) return;
      drag.preventDefault();
      const { top, height } = item.getBoundingClientRect();
      if (drag.clientY < top + height / 2) item.before(dragged);
      else item.after(dragged);
    }

    return item;
  }

  function otherLine(match) {
    return element('li', { 'data-photo': match.photo.id }, thumbnail(match),
      element('div', { class: 'report-line' }, element('p', { class: 'small' }, element('bdi', {}, match.post?.author ?? fileName(match))),
        element('button', { type: 'button', class: 'button small', onclick: () => add(match) }, 'Add', element('span', { class: 'visually-hidden' }, ` ${nameOf(match)}`))));
  }

  function tool(kind, sign, label, act) {
    const button = element('button', { type: 'button', class: `button small ${kind}`, 'aria-label': label, title: label, onclick: () => act(button) }, sign);
    return button;
  }

  function move(item, by, button) {
    const neighbour = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!neighbour) return;
    if (by < 0) neighbour.before(item);
    else neighbour.after(item);
    // A moved node loses the focus.
    button.focus();
    reordered();
    announceNow(`Now number ${[...list.children].indexOf(item) + 1} of ${list.children.length}.`);
  }

  function reordered() {
    // What was found since this was opened stays at the end.
    const order = [...[...list.children].map(item => item.dataset.photo), ...report.photos.filter(id => !byId.has(id))];
    if (order.join('\n') === report.photos.join('\n')) return;
    report.photos = order;
    settle();
    changed();
  }

  function leave(id, name) {
    const place = report.photos.indexOf(id);
    report.photos = report.photos.filter(other => other !== id);
    if (report.cover === id) report.cover = undefined;
    draw();
    changed();
    announceNow(`Left out ${name}.`);
    (list.children[Math.min(place, list.children.length - 1)]?.querySelector('textarea') ?? leftOutCount).focus();
  }

  function add(match) {
    report.photos = [...report.photos, match.photo.id];
    draw();
    changed();
    announceNow(`Added ${nameOf(match)} at the end.`);
    list.lastElementChild.querySelector('textarea').focus();
  }

  function changed() {
    dirty = true;
    say('Saving…');
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  }

  function say(words) {
    if (state.textContent !== words) state.textContent = words;
  }

  // Everything that was written is saved when this has ended, or it is said that it is not.
  async function flush() {
    clearTimeout(timer);
    await save();
  }

  async function save() {
    if (saving) await saving;
    if (!dirty) return;
    dirty = false;
    saving = send();
    await saving;
  }

  async function send() {
    try {
      const { version, ...words } = report;
      const saved = await api.saveReport(searchId, { ...words, from: words.from || undefined, to: words.to || undefined }, version ?? 'new');
      report.version = saved.version;
      replace(answer);
      if (!dirty) say('Saved');
    } catch (problem) {
      if (page.needsConsent(problem)) return;
      dirty = true;
      if (problem.slug === 'unknown-photo') {
        forget(problem.members.photo);
        return;
      }
      say('Not saved');
      replace(answer, problem.slug === 'report-changed'
        ? problemNotice(problem,
          element('button', { type: 'button', class: 'button', onclick: takeTheirs }, 'Show the other version'),
          element('button', { type: 'button', class: 'button', onclick: keepMine }, 'Keep this one'))
        : problemNotice(problem, element('button', { type: 'button', class: 'button', onclick: save }, 'Try again')));
    } finally {
      saving = undefined;
    }
  }

  // It was said not to be them, or is shown no longer, since this was opened.
  function forget(id) {
    byId.delete(id);
    report.photos = report.photos.filter(other => other !== id);
    delete report.captions[id];
    if (report.cover === id) report.cover = undefined;
    draw();
    changed();
  }

  async function takeTheirs() {
    dirty = false;
    replace(answer);
    await read();
  }

  async function keepMine() {
    report.version = (await api.report(searchId)).version;
    await save();
  }

  async function download(format) {
    await flush();
    if (dirty) return;
    element('a', { href: address(searchId, format), download: '' }).click();
  }

  // The report is a page of its own; in a frame that nobody sees the browser prints it without FindMe's page around it.
  async function print() {
    await flush();
    if (dirty) return;
    say('Preparing the pages…');
    const frame = element('iframe', {
      class: 'report-print', title: 'The report, to be printed', 'aria-hidden': 'true', tabindex: -1, src: address(searchId, 'html'), onload: () => {
        say('Saved');
        frame.contentWindow.addEventListener('afterprint', () => setTimeout(() => frame.remove()));
        frame.contentWindow.print();
      },
    });
    for (const old of node.querySelectorAll('.report-print')) old.remove();
    node.append(frame);
  }
}
