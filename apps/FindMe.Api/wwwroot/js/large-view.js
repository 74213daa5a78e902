// One photo as large as the window allows, with its neighbours a key or a swipe away, and the person's face beside the found one.
import { announceNow, announcer } from './announce.js';
import { closesOnBack } from './back.js';
import { boundingBox } from './bounding-box.js';
import { faceComparison } from './compare-faces.js';
import { element, icon, icons, replace } from './element.js';
import { judgeButtons, judgementWords } from './frame.js';
import { fileName, isLinkOnly, nameOf, originalAddress, photoAddress } from './photo.js';
import { postList, webAddress } from './posts.js';
import { canShare, share } from './share-photo.js';
import { onSwipe } from './swipe.js';
import { bandWords, count, sureWords, timesWords } from './words.js';

// Width asked of the server, in pixels.
const LARGE_WIDTH = 1600;

// cards(): as they stand in the page just now; more may arrive while the view is open. judge(card, isMe), undo(): what the person says.
// surest(card): see faceComparison. closed(key): the page shows the photo that the person walked to.
export function largeView({ cards, judge, undo, surest, closed }) {
  let current;
  // The order of the moment it was opened: a photo that is judged stays where the person walks along.
  let walk = [];
  let place = 0;

  const picture = element('div', { class: 'large-photo' });
  const stage = element('div', { class: 'large-middle' }, picture);
  const caption = element('div', { class: 'large-caption' });
  const position = element('p', { class: 'large-position' });
  const boxed = element('input', { type: 'checkbox', checked: true, onchange: () => picture.classList.toggle('no-box', !boxed.checked) });
  const previous = element('button', { type: 'button', class: 'round', 'aria-label': 'Previous photo', onclick: () => step(-1) }, icon(icons.previous));
  const next = element('button', { type: 'button', class: 'round', 'aria-label': 'Next photo', onclick: () => step(1) }, icon(icons.next));
  const close = element('button', { type: 'button', class: 'round', 'aria-label': 'Close', onclick: () => node.close() }, icon(icons.close));
  const judges = judgeButtons(say);
  const faces = faceComparison(surest);

  const node = element('dialog', { class: 'large', 'aria-label': 'Large photo', onclose: () => closed(current.key), onkeydown: keyed, onclick: outside },
    element('div', { class: 'large-bar' }, position, element('label', { class: 'switch' }, boxed, 'Show the box'), close),
    element('div', { class: 'large-stage' }, previous, stage, next),
    element('div', { class: 'large-foot' },
      faces.node,
      element('div', { class: 'large-answer' }, element('p', { class: 'question' }, 'Is this you?'), judges.node,
        element('p', { class: 'small keys' }, 'Keys: ', ['Y', 'N', 'U'].map(key => element('kbd', {}, key)), ' for yes, no, undo.')),
      caption),
    announcer());
  const back = closesOnBack(node);
  onSwipe(stage, side => step(side === 'left' ? 1 : -1));

  function draw() {
    const { match, posts, copies, band } = current;
    const { photo } = match;
    replace(picture,
      element('img', { src: photoAddress(photo, LARGE_WIDTH), width: photo.width, height: photo.height, alt: `${bandWords(match)}: ${nameOf(match)}`, draggable: 'false' }),
      boundingBox(match.box, photo, band));
    picture.style.setProperty('--ratio', String(photo.width / photo.height));
    faces.show(current);
    const original = webAddress(match.post?.url);
    replace(caption,
      element('p', { class: `band band-${band}`, title: sureWords(match) }, judgementWords(current)),
      element('details', { class: 'sure' }, element('summary', {}, 'How sure?'), `${sureWords(match)}, by the distance of the two faces alone.`),
      timesWords(current) && element('p', { class: 'small' }, timesWords(current)),
      copies.length > 1 && element('p', { class: 'small' }, `${count(copies.length, 'copy', 'copies')} of this photo${posts.length > 0 ? '' : `: ${copies.map(fileName).join(', ')}`}.`),
      postList(posts) || element('p', { class: 'file' }, fileName(match)),
      isLinkOnly(match) && element('p', { class: 'small' }, 'Links only: X does not allow copies.'),
      element('p', { class: 'large-links' },
        current.counts && !isLinkOnly(match) && element('a', { class: 'button small', href: originalAddress(photo), download: '' }, icon(icons.download), 'Download'),
        canShare() && (!isLinkOnly(match) || original) && element('button', { type: 'button', class: 'button small', onclick: () => share(match, original) }, icon(icons.share), 'Share'),
        element('a', { href: photoAddress(photo), target: '_blank' }, 'Open the full photo')));
  }

  // New finds come at the end, and what was judged may have gone.
  function refresh() {
    if (!node.open) return;
    const all = new Map(cards().map(card => [card.key, card]));
    walk = [...new Set([...walk, ...all.keys()])].filter(key => all.has(key));
    const before = current;
    // A photo that has gone makes way for the one that takes its place.
    place = all.has(current.key) ? walk.indexOf(current.key) : Math.min(place, walk.length - 1);
    current = all.get(walk[place]);
    if (!current) {
      current = before;
      node.close();
      return;
    }
    if (told(before) !== told(current)) draw();
    judges.show(current.judgement);
    position.textContent = `${place + 1} of ${walk.length}`;
    setDisabled(previous, place <= 0);
    setDisabled(next, place >= walk.length - 1);
  }

  const told = card => JSON.stringify([card.key, card.judgement, card.band, card.copies.length, card.posts, sureWords(card.match)]);

  // A disabled button would lose the focus and with it the arrow keys.
  const setDisabled = (button, off) => button.setAttribute('aria-disabled', String(off));

  function step(by) {
    const target = cards().find(card => card.key === walk[place + by]);
    if (!target) return;
    current = target;
    draw();
    refresh();
    announceNow(`${position.textContent}: ${judgementWords(current)}`);
  }

  function say(isMe) {
    judge(current, isMe);
  }

  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'ArrowLeft') step(-1);
    else if (event.key === 'ArrowRight') step(1);
    else if (event.key === 'y') say(true);
    else if (event.key === 'n') say(false);
    else if (event.key === 'u') undo();
    else return;
    event.preventDefault();
  }

  function outside(event) {
    if (event.target === node) node.close();
  }

  return {
    node,
    refresh,
    open(card) {
      current = card;
      walk = cards().map(other => other.key);
      back.open();
      draw();
      refresh();
    },
    leave: back.leave,
  };
}
