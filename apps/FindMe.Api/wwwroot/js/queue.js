// The doubtful photos one after another, the likeliest first: one key, click or swipe each.
import { announceNow, announcer } from './announce.js';
import { closesOnBack } from './back.js';
import { boundingBox } from './bounding-box.js';
import { faceComparison } from './compare-faces.js';
import { element, icon, icons, replace } from './element.js';
import { judgeButtons } from './frame.js';
import { nameOf, photoAddress } from './photo.js';
import { onSwipe } from './swipe.js';
import { bandWords, count, sureWords } from './words.js';

// Width asked of the server, in pixels.
const PHOTO_WIDTH = 1280;

export const isDoubtful = card => card.judgement === null && card.band !== 'clear';

const likeliestFirst = (one, other) => one.match.distance - other.match.distance || one.number - other.number;

// cards(): what is shown now. judge(card, isMe), undo(): what the person says. closed(): the page continues.
export function doubtfulQueue({ cards, judge, undo, surest, closed }) {
  let queue = [];
  let at = 0;
  let answers = [];

  const heading = element('h2', { id: 'queue-title', tabindex: -1 }, 'Is this you?');
  const position = element('p', { class: 'large-position' });
  const picture = element('div', { class: 'large-photo' });
  const stage = element('div', { class: 'queue-stage' }, picture);
  const faces = faceComparison(surest);
  const words = element('p', { class: 'small' });
  const judges = judgeButtons(answer);
  const back = element('button', { type: 'button', class: 'button small', onclick: takeBack }, icon(icons.undo), 'Undo');
  const later = element('button', { type: 'button', class: 'button small', onclick: skip }, 'Not sure, skip');
  const close = element('button', { type: 'button', class: 'round', 'aria-label': 'Close', onclick: () => node.close() }, icon(icons.close));
  const asking = element('div', { class: 'queue-asking' }, stage,
    element('div', { class: 'queue-side' }, faces.node, words, judges.node, element('p', { class: 'actions' }, back, later),
      element('p', { class: 'small keys' }, 'Keys: ', key('Y'), ' or ', key('→'), ' that’s me, ', key('N'), ' or ', key('←'), ' that’s not me, ', key('U'), ' undo.'),
      element('p', { class: 'small swipes' }, 'Swipe to the right if it is you, to the left if not.')));
  const done = element('div', { class: 'queue-done', hidden: true });

  const node = element('dialog', { class: 'large queue', 'aria-labelledby': 'queue-title', onclose: closed, onkeydown: keyed },
    element('div', { class: 'large-bar' }, heading, position, close), asking, done, announcer());
  const history = closesOnBack(node);
  onSwipe(stage, side => answer(side === 'right'));

  function key(name) {
    return element('kbd', {}, name);
  }

  function draw() {
    const card = queue[at];
    back.disabled = answers.length === 0;
    asking.hidden = !card;
    done.hidden = Boolean(card);
    position.textContent = card ? `${at + 1} of ${queue.length}` : '';
    if (!card) {
      finish();
      return;
    }
    const { match } = card;
    heading.textContent = 'Is this you?';
    replace(picture,
      element('img', { src: photoAddress(match.photo, PHOTO_WIDTH), width: match.photo.width, height: match.photo.height, alt: `${bandWords(match)}: ${nameOf(match)}`, draggable: 'false' }),
      boundingBox(match.box, match.photo, card.band));
    picture.style.setProperty('--ratio', String(card.ratio));
    faces.show(card);
    words.textContent = `${bandWords(match)} · ${nameOf(match)}`;
    words.title = sureWords(match);
    judges.show(null);
    // The next picture is there when it is asked for.
    const next = queue[at + 1];
    if (next) new Image().src = photoAddress(next.match.photo, PHOTO_WIDTH);
  }

  function finish() {
    const me = answers.filter(({ isMe }) => isMe === true).length;
    const other = answers.filter(({ isMe }) => isMe === false).length;
    heading.textContent = 'All checked';
    replace(done,
      element('p', { class: 'big' }, `${count(me, 'photo')} of you, ${count(other, 'photo')} of somebody else${answers.length > me + other ? `, ${answers.length - me - other} skipped` : ''}.`),
      element('p', { class: 'actions' },
        element('button', { type: 'button', class: 'button primary', onclick: () => node.close() }, 'Back to the photos'),
        answers.length > 0 && element('button', { type: 'button', class: 'button', onclick: takeBack }, icon(icons.undo), 'Undo the last')));
    done.querySelector('button').focus();
    announceNow(`All checked. ${done.querySelector('.big').textContent}`);
  }

  function answer(isMe) {
    const card = queue[at];
    if (!card) return;
    judge(card, isMe);
    go(isMe, isMe ? 'That’s you.' : 'Not you.');
  }

  function skip() {
    if (queue[at]) go(null, 'Skipped.');
  }

  function go(isMe, said) {
    answers.push({ isMe });
    at++;
    draw();
    if (queue[at]) announceNow(`${said} ${position.textContent}.`);
  }

  function takeBack() {
    const last = answers.pop();
    if (!last) return;
    at--;
    if (last.isMe !== null) undo();
    draw();
    // The button that was pressed may be gone or have nothing left to take back.
    heading.focus();
    announceNow(`Taken back. ${position.textContent}.`);
  }

  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'y' || event.key === 'ArrowRight') answer(true);
    else if (event.key === 'n' || event.key === 'ArrowLeft') answer(false);
    else if (event.key === 'u') takeBack();
    else return;
    event.preventDefault();
  }

  return {
    node,
    open() {
      queue = cards().filter(isDoubtful).sort(likeliestFirst);
      at = 0;
      answers = [];
      history.open();
      draw();
      heading.focus();
    },
    leave: history.leave,
  };
}
