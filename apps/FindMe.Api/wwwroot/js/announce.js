// One polite live region for the whole page. Progress comes many times a second; a listener wants a sentence now and then.

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

function say(text) {
  last = Date.now();
  document.getElementById('announcer').textContent = text;
}
