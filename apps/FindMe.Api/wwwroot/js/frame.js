// One photo of the results: the picture with the box, how sure it is, and the posts that carry it.
import { boundingBox } from './bounding-box.js';
import { element, replace } from './element.js';
import { fileName, photoAddress } from './photo.js';
import { isRepeated, isSensitive, postList, postsOf } from './posts.js';
import { confidenceWords, timesWords } from './words.js';

// Widths asked of the server, in pixels: a frame of the grid, and the same on a screen of twice the density.
const FRAME_WIDTHS = [480, 960];

export function frameOf(match, number, opened) {
  const { photo } = match;
  const words = confidenceWords(match);
  const image = element('img', {
    alt: `Photo ${number}: ${words}, ${fileName(photo)}`,
    width: photo.width,
    height: photo.height,
    src: photoAddress(photo, FRAME_WIDTHS[0]),
    srcset: FRAME_WIDTHS.map(width => `${photoAddress(photo, width)} ${width}w`).join(', '),
    sizes: '(max-width: 640px) 92vw, 420px',
    loading: 'lazy',
    decoding: 'async',
  });
  const opener = element('button', { type: 'button', class: 'frame-open', onclick: opened },
    element('span', { class: 'photo' }, image, boundingBox(match.box, photo, match.verdict)));
  const posts = element('div', { class: 'frame-posts' });
  const reveal = element('button', { type: 'button', class: 'button small reveal', onclick: uncover }, match.unsafe === undefined ? 'Marked as sensitive. Show it' : 'May not be fit to see. Show it',
    element('span', { class: 'visually-hidden' }, `: photo ${number}`));
  const node = element('li', { class: 'frame', 'data-photo': photo.id },
    element('figure', {}, opener,
      element('figcaption', {},
        element('span', { class: `confidence confidence-${match.verdict}` }, words),
        element('span', { class: 'frame-number', 'aria-hidden': 'true' }, String(number)),
        timesWords(match) && element('p', { class: 'frame-times small' }, timesWords(match)), posts)));
  node.style.setProperty('--ratio', String(photo.width / photo.height));
  let covered = true;

  function uncover() {
    covered = false;
    node.classList.remove('sensitive');
    reveal.remove();
    opener.disabled = false;
    opener.focus();
  }

  // Which posts carry the picture, and whether one of them warns of it, is known better the more of them are found.
  let told;
  function refresh(groups) {
    node.hidden = isRepeated(match, groups);
    const carrying = postsOf(match, groups);
    const now = carrying.map(post => `${post.id} ${post.author ?? ''}`).join();
    if (told !== now) {
      told = now;
      replace(posts, postList(carrying));
    }
    if (covered && isSensitive(match, groups) && !reveal.isConnected) {
      node.classList.add('sensitive');
      // Blurred and then opened large would be no blur.
      opener.disabled = true;
      opener.before(reveal);
    }
  }

  // What is blurred is not to be had by a key from its neighbour's large view either.
  const isCovered = () => covered && node.classList.contains('sensitive');

  return { match, number, node, opener, refresh, isCovered };
}
