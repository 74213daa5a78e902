// Photos in hand: all of them, or those that are selected, as one file; and lists of them for a report.
import { api } from './api.js';
import { element, icon, icons, replace } from './element.js';
import { isLinkOnly, shortId } from './photo.js';
import { toast } from './toast.js';
import { count, hasEnded } from './words.js';

// Servers read no longer line; then fewer photos have to be named.
const LONGEST_ADDRESS = 8000;

// An answer that is no file shows in here instead of in place of the page.
const FRAME = 'download';

const formats = [['csv', 'Spreadsheet (CSV)'], ['md', 'Markdown']];

// cards(): those in the page now. selecting(isOn): the page shows boxes to tick. chosen: keys of ticked cards. places: further buttons.
export function takeAway(search, { cards, chosen, selecting, places }) {
  const frame = element('iframe', { name: FRAME, hidden: true, title: 'Download' });
  const all = element('button', { type: 'button', class: 'button primary large', onclick: () => download('zip') });
  const words = element('div', { class: 'small take-words' });
  const lists = element('details', { class: 'menu', onkeydown: closeMenu },
    element('summary', { class: 'button' }, 'Other formats'),
    element('div', { class: 'menu-items' },
      formats.map(([format, label]) => element('button', { type: 'button', class: 'button small', onclick: () => download(format) }, icon(icons.download), label)),
      element('button', { type: 'button', class: 'button small', onclick: () => print() }, icon(icons.print), 'Print')));
  const select = element('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: () => setSelecting(!isSelecting) }, 'Select photos');
  const bar = element('div', { class: 'selection', role: 'group', 'aria-label': 'Selection', hidden: true });
  const some = element('button', { type: 'button', class: 'button primary', onclick: () => download('zip') });
  const everything = element('button', { type: 'button', class: 'button', onclick: chooseAll }, 'Select all');
  const nothing = element('button', { type: 'button', class: 'button', onclick: chooseNone }, 'Clear');
  const end = element('button', { type: 'button', class: 'button quiet', onclick: () => setSelecting(false) }, 'Stop selecting');
  bar.append(some, everything, nothing, end);
  const node = element('section', { class: 'take', 'aria-label': 'Take your photos along' }, element('p', { class: 'actions' }, all, select, lists, places), words, frame);
  let isSelecting = false;

  const counted = () => cards().filter(card => card.counts);
  const filesOf = some => some.flatMap(card => card.copies);

  function setSelecting(isOn) {
    isSelecting = isOn;
    if (!isOn) chosen.clear();
    bar.hidden = !isOn;
    select.setAttribute('aria-pressed', String(isOn));
    selecting(isOn);
    show();
    (isOn ? everything : select).focus();
  }

  function chooseAll() {
    for (const card of counted()) chosen.add(card.key);
    selecting(true);
    show();
  }

  function chooseNone() {
    chosen.clear();
    selecting(true);
    show();
    everything.focus();
  }

  function closeMenu(event) {
    if (event.key !== 'Escape' || !lists.open) return;
    lists.open = false;
    lists.firstChild.focus();
  }

  function download(format) {
    lists.open = false;
    const wanted = filesOf(isSelecting && chosen.size > 0 ? counted().filter(card => chosen.has(card.key)) : counted());
    // All that the server counts as found needs no names: the address stays short, and what is found meanwhile comes too.
    const isAll = wanted.length === search.matches.filter(match => match.verdict !== 'no').length;
    const address = api.exportAddress(search.id, format, isAll ? [] : wanted.map(match => shortId(match.photo)));
    if (address.length > LONGEST_ADDRESS) {
      toast(`One download can name about ${Math.floor(LONGEST_ADDRESS / 8)} photos, and these are ${wanted.length}. Select fewer, or download all that count as found.`, [], { isProblem: true });
      return;
    }
    frame.onload = () => toast('The download did not start: another one of yours may still be running. Wait until it is done, and try again.', [['Try again', () => download(format)]], { isProblem: true, lasting: 0 });
    const link = element('a', { href: address, target: FRAME });
    link.click();
    toast(`Your download of ${count(wanted.length, 'photo')} starts. Large ones take a while.`, []);
  }

  function show() {
    const found = counted();
    const files = filesOf(found);
    const pictures = files.filter(match => !isLinkOnly(match));
    const links = files.length - pictures.length;
    node.hidden = files.length === 0 || !hasEnded(search.status);
    replace(all, icon(icons.download), pictures.length > 0 ? `Download all ${pictures.length.toLocaleString('en')}` : `Download ${count(links, 'link')}`);
    const picked = filesOf(found.filter(card => chosen.has(card.key))).length;
    replace(some, icon(icons.download), `Download ${picked}`);
    some.disabled = picked === 0;
    const beyond = cards().length - found.length;
    replace(words,
      pictures.length > found.length && element('p', {}, `These are ${count(found.length, 'photo')}, some of them in several copies.`),
      links > 0 && element('p', {}, `${count(links, 'photo')} from X: links only, X does not allow copies.`),
      beyond > 0 && element('p', {}, `${count(beyond, 'photo')} below ${beyond === 1 ? 'does' : 'do'} not count as found and ${beyond === 1 ? 'is' : 'are'} not downloaded, unless you say “That’s me”.`));
  }

  return { node, bar, show };
}
