// One polite live region for the whole page. Progress comes many times a second; a listener wants a sentence now and then.
import { element } from './element.js';

const PAUSE_MS = 4000;

let last = 0;
let timer;

export function announce(text) {
  clearTimeout(timer);
  const wait = Math.max(0, last + PAUSE_MS - Date.now());
  // Only the newest sentence is kept: an older count is no longer true when its turn comes.
  timer = setTimeout(() => say(text), wait);
}

// For what the person just did and waits to hear about.
export function announceNow(text) {
  clearTimeout(timer);
  say(text);
}

export const announcer = () => element('p', { class: 'visually-hidden', role: 'status', 'data-announcer': '' });

function say(text) {
  last = Date.now();
  // Outside an open dialog nothing is read out: a dialog brings a live region of its own.
  (document.querySelector('dialog[open] [data-announcer]') ?? document.getElementById('announcer')).textContent = text;
}
