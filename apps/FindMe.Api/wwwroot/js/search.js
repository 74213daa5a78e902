// A search as it grows: the state the server told, kept current by its events until the search has ended.
import { api } from './api.js';
import { hasEnded } from './words.js';

// How long to wait before asking again after the stream was refused: doubling, in milliseconds.
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30000;

// Events bring only new matches and new answers, but the first one of a connection brings everything: adding twice must do nothing.
function merge(search, event) {
  search.albumMargin = event.albumMargin;
  // The album as a whole has decided: what was told before and is not told again does not count any more.
  if (event.albumMargin > 0) [search.matches, search.groups] = [[], []];
  const known = new Map(search.matches.map((match, place) => [match.photo.id, place]));
  const matches = event.matches.filter(match => !known.has(match.photo.id));
  for (const match of event.matches) {
    if (known.has(match.photo.id)) search.matches[known.get(match.photo.id)] = match;
  }
  search.judged = event.judged ?? search.judged ?? [];
  const gone = new Set(search.judged.map(match => match.photo.id));
  search.matches = search.matches.filter(match => !gone.has(match.photo.id));
  const skippedBefore = new Set(search.skipped.map(skip => skip.photo.id));
  const skipped = event.skipped.filter(skip => !skippedBefore.has(skip.photo.id));
  search.matches.push(...matches);
  search.skipped.push(...skipped);
  search.status = event.status;
  search.waitingUntil = event.waitingUntil;
  search.posts = event.posts;
  search.photos = event.photos;
  search.problem = event.problem;
  search.cost = event.cost ?? search.cost;
  search.notices = event.notices ?? search.notices;
  search.canContinue = event.canContinue;
  // Groups grow while photos come in; the later one says more.
  const groups = new Map((search.groups ?? []).map(group => [group.photo, group]));
  for (const group of event.groups ?? []) groups.set(group.photo, group);
  search.groups = [...groups.values()];
  return { matches, skipped };
}

// changed(news): the search has moved on. connection(state): 'live' or 'lost'. gone(problem): there is nothing left to follow.
// Returns a function that stops following.
export function follow(search, { changed, connection, gone }) {
  let events;
  let timer;
  let wait = FIRST_RETRY_MS;
  let stopped = false;

  function connect() {
    if (stopped || hasEnded(search.status)) return;
    events = api.events(search.id);
    events.onopen = () => {
      wait = FIRST_RETRY_MS;
      connection('live');
    };
    events.onmessage = message => {
      const news = merge(search, JSON.parse(message.data));
      // The browser would take the server's end of the stream for a failure and connect again.
      if (hasEnded(search.status)) events.close();
      changed(news);
    };
    events.onerror = () => {
      connection('lost');
      // CONNECTING: the browser tries again by itself. CLOSED: it was refused, and gives up; then the search is asked for directly.
      if (events.readyState === EventSource.CLOSED) later();
    };
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(askAgain, wait);
    wait = Math.min(2 * wait, LONGEST_RETRY_MS);
  }

  async function askAgain() {
    try {
      const now = await api.search(search.id);
      if (stopped) return;
      changed(merge(search, now));
      connection('live');
      connect();
    } catch (problem) {
      if (stopped) return;
      if (problem.status === 403 || problem.status === 404) gone(problem);
      else later();
    }
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    events?.close();
  };
}
