// A short message at the foot of the window with a way back: it goes by itself, but not while somebody is at it.
import { announceNow } from './announce.js';
import { element, replace } from './element.js';

const SECONDS = 8;

const words = element('p', {});
const actions = element('p', { class: 'toast-actions' });
const node = element('div', { class: 'toast', hidden: true, onpointerenter: hold, onpointerleave: release, onfocusin: hold, onfocusout: release }, words, actions);
let timer;
let seconds = 0;
let canHold = true;

// buttons: [label, act] each. lasting: in seconds; 0 stays until something is pressed. holds: whether it stays while it is hovered or focused.
export function toast(text, buttons, { lasting = SECONDS, isProblem = false, holds = true } = {}) {
  node.classList.toggle('problem', isProblem);
  words.textContent = text;
  replace(actions, buttons.map(([label, act]) => element('button', { type: 'button', class: 'button small', onclick: () => { hide(); act(); } }, label)));
  // What is outside an open dialog cannot be pressed.
  const dialog = document.querySelector('dialog[open]');
  (dialog ?? document.body).append(node);
  dialog?.addEventListener('close', () => document.body.append(node), { once: true });
  node.hidden = false;
  seconds = lasting;
  canHold = true;
  release();
  canHold = holds;
  announceNow(text);
}

export function hide() {
  clearTimeout(timer);
  if (node.contains(document.activeElement)) document.activeElement.blur();
  node.hidden = true;
}

function hold() {
  if (canHold) clearTimeout(timer);
}

function release() {
  if (!canHold) return;
  clearTimeout(timer);
  if (seconds > 0) timer = setTimeout(hide, seconds * 1000);
}
