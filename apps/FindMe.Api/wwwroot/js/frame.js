// One photo of the results: the picture with the box, what FindMe takes it for, who posted it, and what the person says of it.
import { boundingBox } from './bounding-box.js';
import { element, icon, icons, replace } from './element.js';
import { fileName, nameOf, photoAddress } from './photo.js';
import { postLink } from './posts.js';
import { bandWords, count, sureWords, timesWords } from './words.js';

// Widths asked of the server, in pixels.
const WIDTHS = [240, 480, 960];

// Who scrolls past does not ask for the photo.
const LOAD_AFTER_MS = 50;

// A photo that the server refused, since too many were asked for at once, is asked for again: after so long, twice as long, and so on.
const RETRY_AFTER_MS = 1500;
const MOST_RETRIES = 4;

// Lines of text below a photo, besides the one with the buttons.
export const textLines = card => 1 + (detail(card) ? 1 : 0);

const detail = card => timesWords(card) || card.match.post?.description;

export const judgementWords = card => (card.judgement === true ? 'You said: me' : bandWords(card.match));

// opened(), judged(isMe), chosen(isChosen), uncovered(): what the person does with it. isUncovered: they have already.
export function frameOf(card, { opened, judged, chosen, uncovered, isUncovered }) {
  const { match, number } = card;
  const { photo } = match;
  let retries = 0;
  let timer;
  const image = element('img', {
    width: photo.width,
    height: photo.height,
    decoding: 'async',
    onerror: () => retries++ < MOST_RETRIES && wait(RETRY_AFTER_MS * 2 ** retries),
  });
  const whole = element('span', { class: 'photo-whole' }, image, boundingBox(match.box, photo, card.band));
  const tile = element('span', { class: 'photo' }, whole);
  const opener = element('button', { type: 'button', class: 'frame-open', onclick: opened }, tile);
  const reveal = element('button', { type: 'button', class: 'button small reveal', onclick: uncover }, match.unsafe === undefined ? 'Marked as sensitive. Show it' : 'May not be fit to see. Show it',
    element('span', { class: 'visually-hidden' }, `: photo ${number}`));
  const box = element('input', { type: 'checkbox', onchange: () => chosen(box.checked) });
  const choice = element('label', { class: 'frame-choice' }, box, element('span', { class: 'visually-hidden' }, `Select photo ${number}`));
  const band = element('span', { class: 'band' });
  const judge = judgeButtons(isMe => judged(isMe), `: photo ${number}`);
  const who = element('p', { class: 'frame-who' });
  const more = element('p', { class: 'frame-detail small' });
  const node = element('li', { class: 'frame', 'data-photo': card.key },
    element('figure', {}, opener, choice,
      element('figcaption', {}, element('div', { class: 'frame-line' }, band, judge.node), who, more)));
  let current = card;
  let told;
  let isCovered = !isUncovered;

  function wait(time) {
    timer = setTimeout(() => {
      image.srcset = WIDTHS.map(width => `${photoAddress(photo, width)} ${width}w`).join(', ');
      image.src = photoAddress(photo, WIDTHS[1]);
    }, time);
  }

  function uncover() {
    isCovered = false;
    uncovered();
    node.classList.remove('sensitive');
    reveal.remove();
    opener.disabled = false;
    opener.focus();
  }

  // How many posts carry the picture, who they are by, and whether one of them warns of it, is known better the more of them are found. At
  // the end the album as a whole may lower how sure it is.
  function update(next) {
    current = next;
    const { posts, copies, judgement, counts } = current;
    const now = JSON.stringify([posts, copies.length, judgement, counts, current.band, sureWords(current.match)]);
    if (told === now) return;
    told = now;
    node.dataset.band = current.band;
    node.classList.toggle('uncounted', !counts);
    band.className = `band band-${current.band}`;
    band.textContent = judgementWords(current);
    band.title = sureWords(current.match);
    image.alt = `Photo ${number}: ${bandWords(current.match)}, ${nameOf(match)}`;
    judge.show(judgement);
    replace(who,
      posts.length > 0 ? postLink(posts[0]) : element('span', { class: 'file' }, fileName(match)),
      copies.length > 1 && element('button', { type: 'button', class: 'link copies', onclick: opened }, count(copies.length, 'copy', 'copies')));
    const words = detail(current);
    replace(more, words && element('bdi', {}, words));
    more.classList.toggle('frame-times', Boolean(timesWords(current)));
    if (isCovered && current.isSensitive && !reveal.isConnected) {
      node.classList.add('sensitive');
      // Blurred and then opened large would be no blur.
      opener.disabled = true;
      opener.before(reveal);
    }
  }

  // cell: where it stands and how large its photo is, in pixels. A photo of other proportions is cropped round the face.
  function place(cell) {
    const scale = Math.max(cell.width / photo.width, cell.height / photo.height);
    const [across, down] = [photo.width * scale, photo.height * scale];
    const start = (room, length, middle) => Math.min(Math.max(room / 2 - middle * scale, room - length), 0);
    Object.assign(node.style, { left: `${cell.left}px`, top: `${cell.top}px`, width: `${cell.width}px` });
    tile.style.height = `${cell.height}px`;
    Object.assign(whole.style, {
      width: `${across}px`,
      height: `${down}px`,
      left: `${start(cell.width, across, match.box.x + match.box.width / 2)}px`,
      top: `${start(cell.height, down, match.box.y + match.box.height / 2)}px`,
    });
    const sizes = `${Math.round(across)}px`;
    if (image.sizes !== sizes) image.sizes = sizes;
  }

  update(card);
  wait(LOAD_AFTER_MS);
  return {
    node,
    opener,
    leave() {
      clearTimeout(timer);
      image.removeAttribute('srcset');
      image.removeAttribute('src');
    },
    place,
    update,
    choose(isChosen) {
      box.checked = isChosen;
      node.classList.toggle('chosen', isChosen);
    },
  };
}

// The two answers to "Is this you?", of which the one that was given is pressed.
export function judgeButtons(judged, about = '') {
  const button = (isMe, words, path) => element('button', { type: 'button', class: `judge judge-${isMe ? 'me' : 'other'}`, title: words, 'aria-label': `${words}${about}`, onclick: () => judged(isMe) },
    icon(path), element('span', { class: 'judge-words' }, words));
  const me = button(true, 'That’s me', icons.check);
  const other = button(false, 'That’s not me', icons.close);
  return {
    node: element('div', { class: 'judges' }, me, other),
    me,
    other,
    show(judgement) {
      me.setAttribute('aria-pressed', String(judgement === true));
      other.setAttribute('aria-pressed', String(judgement === false));
    },
  };
}
