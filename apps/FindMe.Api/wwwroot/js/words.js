// Numbers and codes in plain words.

// A table of words by a name from outside: "constructor" is in none.
export const table = entries => Object.assign(Object.create(null), entries);

const NO_BREAK_SPACE = '\u00a0';

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString('en')}${NO_BREAK_SPACE}${number === 1 ? one : many}`;

export const percent = confidence => `${Math.round(confidence * 100)}${NO_BREAK_SPACE}%`;

// Rounded up: what is a little too large never reads as if it were not.
export const megabytes = bytes => `${Math.ceil(bytes / 1e6).toLocaleString('en')}${NO_BREAK_SPACE}MB`;

// The bands of docs/accuracy.md. A comparison is never certain, so none of them says that it is.
const bands = table({ clear: 'Clear match', likely: 'Likely', check: 'Check this one' });

export const bandWords = match => bands[match.band] ?? bands[match.verdict === 'match' ? 'clear' : 'check'];

// 0.998 is not rounded up to a promise.
export const sureWords = match => `${percent(Math.min(match.confidence, 0.99))} sure`;

const minuteAndSecond = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

// When the person is to be seen in a post's video, of any copy; nothing for a photo.
export function timesWords({ copies }) {
  const times = copies.flatMap(match => match.times ?? []);
  return times.length > 0 && `In the video at ${times.map(({ from, to }) => `${minuteAndSecond(from)}–${minuteAndSecond(to)}`).join(', ')}`;
}

export const qualityWords = quality => (quality >= 0.7 ? 'Good quality' : quality >= 0.4 ? 'Usable quality' : 'Low quality');

// Where a search looks. A ZIP file is known to the server by a number alone.
export const placeOf = search => search.queryName ?? (search.source === 'zip' ? 'your own photos' : search.query);

export const sentence = text => {
  const words = String(text ?? '').trim();
  return words && words[0].toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? '' : '.');
};

const statuses = table({
  searching: 'Looking for photos',
  processing: 'Comparing faces',
  waiting: 'Waiting',
  finished: 'Finished',
  failed: 'Stopped by a problem',
  cancelled: 'Cancelled',
});

export const statusWords = status => statuses[status] ?? status;

export const hasEnded = status => status === 'finished' || status === 'failed' || status === 'cancelled';

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const minute = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const dayOf = time => day.format(new Date(time));
export const minuteOf = time => minute.format(new Date(time));
export const clockOf = time => clock.format(new Date(time));

// How long a search still takes, from how fast it went since it was first looked at; nothing until that is known.
export function timeLeft(done, all, doneAtFirst, elapsedMs) {
  const fresh = done - doneAtFirst;
  if (fresh < 3 || done >= all) return '';
  const seconds = Math.ceil((elapsedMs / fresh) * (all - done) / 1000);
  if (seconds < 90) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s left`;
  return `about ${Math.ceil(seconds / 60)} min left`;
}

export function remaining(until, now = Date.now()) {
  const seconds = Math.max(0, Math.ceil((new Date(until).getTime() - now) / 1000));
  if (seconds === 0) return 'any moment now';
  if (seconds < 90) return `in ${count(seconds, 'second')}`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `in ${count(minutes, 'minute')}` : `in ${count(Math.ceil(minutes / 60), 'hour')}`;
}
