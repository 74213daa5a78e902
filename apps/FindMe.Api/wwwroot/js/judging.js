// "That's me" and "That's not me": shown at once, saved in order, taken back when saving fails.
import { api } from './api.js';

// The most that one request may say.
const MOST = 200;

// Quick answers come one after another: the server is asked once, after the last.
const READ_AFTER_MS = 1200;

const BUSY_MS = 2000;

// changed(): the page shows something else now. refused(problem, retry): it could not be saved. saved(): the server knows it.
export function judging(search, found, { changed, refused, saved }) {
  const waiting = new Map();
  const steps = [];
  // Other tabs that show this search read it again.
  const tabs = new BroadcastChannel(`findme-${search.id}`);
  tabs.onmessage = () => read();
  let sending = false;
  let reading;
  let version = 0;
  let stopped = false;

  function say(words) {
    version++;
    for (const [photo, isMe] of words) {
      found.said.set(photo, isMe);
      waiting.set(photo, isMe);
    }
    changed();
    send();
  }

  function take() {
    const some = [...waiting].slice(0, MOST);
    for (const [photo] of some) waiting.delete(photo);
    return some;
  }

  const save = words => api.judge(search.id, words.map(([photo, isMe]) => ({ photo, isMe })));

  async function send() {
    if (sending) return;
    sending = true;
    while (waiting.size > 0) {
      const some = take();
      try {
        await save(some);
      } catch (problem) {
        // Faster than the server takes answers: they are kept, and go together a little later.
        if (problem.status === 429 && !stopped) {
          for (const [photo, isMe] of some) {
            if (!waiting.has(photo)) waiting.set(photo, isMe);
          }
          await new Promise(resolve => setTimeout(resolve, BUSY_MS));
          continue;
        }
        // What was said of a photo since is sent anyway.
        const lost = some.filter(([photo]) => !waiting.has(photo));
        for (const [photo] of lost) found.said.delete(photo);
        if (stopped) return;
        changed();
        refused(problem, () => say(lost));
      }
    }
    sending = false;
    tabs.postMessage('judged');
    if (!stopped) readSoon();
  }

  // The page goes away: what still waits for an earlier answer is sent at once.
  function sendRest() {
    if (waiting.size > 0) save(take()).catch(() => {});
  }

  addEventListener('pagehide', sendRest);

  function readSoon() {
    clearTimeout(reading);
    reading = setTimeout(read, READ_AFTER_MS);
  }

  // What was said of one photo holds for its copies, and what was taken back has a verdict again: the server knows which.
  async function read() {
    clearTimeout(reading);
    const asked = version;
    const view = await saved().catch(() => undefined);
    if (stopped || !view) return;
    if (asked !== version || sending) {
      readSoon();
      return;
    }
    if (!found.update(view)) {
      readSoon();
      return;
    }
    found.said.clear();
    changed();
  }

  return {
    read,
    // card: one picture with all its copies.
    judge(card, isMe) {
      steps.push(card.copies.map(match => [match.photo.id, found.judgementOf(match)]));
      say(card.copies.map(match => [match.photo.id, isMe]));
    },
    canUndo: () => steps.length > 0,
    undo() {
      const before = steps.pop();
      if (before) say(before);
    },
    leave() {
      stopped = true;
      clearTimeout(reading);
      removeEventListener('pagehide', sendRest);
      tabs.close();
    },
  };
}
