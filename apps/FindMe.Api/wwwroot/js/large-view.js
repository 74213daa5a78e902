// One photo as large as the window allows, with its neighbours a key away.
import { announceNow } from './announce.js';
import { boundingBox } from './bounding-box.js';
import { element, icon, icons, replace } from './element.js';
import { fileName, photoAddress } from './photo.js';
import { postList, postsOf } from './posts.js';
import { confidenceWords, timesWords } from './words.js';

// Width asked of the server, in pixels.
const LARGE_WIDTH = 1600;

// framesInOrder(): the frames as they stand in the page just now; more may arrive while the view is open.
export function largeView(framesInOrder, groups) {
  let current;

  const picture = element('div', { class: 'large-photo' });
  const caption = element('div', { class: 'large-caption' });
  const position = element('p', { class: 'large-position' });
  const boxed = element('input', { type: 'checkbox', checked: true, onchange: () => picture.classList.toggle('no-box', !boxed.checked) });
  const previous = element('button', { type: 'button', class: 'round', 'aria-label': 'Previous photo', onclick: () => step(-1) }, icon(icons.previous));
  const next = element('button', { type: 'button', class: 'round', 'aria-label': 'Next photo', onclick: () => step(1) }, icon(icons.next));
  const close = element('button', { type: 'button', class: 'round', 'aria-label': 'Close', onclick: () => node.close() }, icon(icons.close));

  const node = element('dialog', { class: 'large', 'aria-label': 'Large photo', onclose: closed, onkeydown: keyed, onclick: outside },
    element('div', { class: 'large-bar' }, position, element('label', { class: 'switch' }, boxed, 'Show the box'), close),
    element('div', { class: 'large-stage' }, previous, picture, next),
    caption);

  function draw() {
    const { match } = current;
    const { photo } = match;
    const words = confidenceWords(match);
    replace(picture,
      element('img', { src: photoAddress(photo, LARGE_WIDTH), width: photo.width, height: photo.height, alt: `${words}: ${fileName(photo)}` }),
      boundingBox(match.box, photo, match.verdict));
    picture.style.setProperty('--ratio', String(photo.width / photo.height));
    replace(caption,
      element('p', { class: `confidence confidence-${match.verdict}` }, words),
      timesWords(match) && element('p', { class: 'small' }, timesWords(match)),
      postList(postsOf(match, groups())) || element('p', { class: 'file' }, photo.id),
      element('p', { class: 'large-links' },
        element('a', { href: photoAddress(photo), target: '_blank' }, 'Open the full photo')));
    refresh();
  }

  // New finds may have come in before or after this one.
  function refresh() {
    if (!node.open) return;
    const frames = framesInOrder();
    const at = frames.indexOf(current);
    position.textContent = `${at + 1} of ${frames.length}`;
    setDisabled(previous, at <= 0);
    setDisabled(next, at >= frames.length - 1);
  }

  // A disabled button would lose the focus and with it the arrow keys.
  const setDisabled = (button, off) => button.setAttribute('aria-disabled', String(off));

  function step(by) {
    const frames = framesInOrder();
    const target = frames[frames.indexOf(current) + by];
    if (!target) return;
    current = target;
    draw();
    announceNow(`${position.textContent}: ${confidenceWords(current.match)}`);
  }

  function keyed(event) {
    if (event.key === 'ArrowLeft') step(-1);
    else if (event.key === 'ArrowRight') step(1);
    else return;
    event.preventDefault();
  }

  function outside(event) {
    if (event.target === node) node.close();
  }

  function closed() {
    // The person may have walked far from the photo they opened: the page follows.
    current.opener.focus();
    current.opener.scrollIntoView({ block: 'nearest' });
  }

  return {
    node,
    refresh,
    open(frame) {
      current = frame;
      node.showModal();
      draw();
    },
    leave: () => node.open && node.close(),
  };
}
