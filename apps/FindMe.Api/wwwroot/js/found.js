// What a search has found, as its person sees it: by their own word first, then by how sure the comparison is.
import { isSensitive, postsOf } from './posts.js';
import { hasEnded, table } from './words.js';

const bands = ['clear', 'likely', 'check'];
const wordOf = table({ me: true, notMe: false });

export function foundPhotos(search) {
  // Photos beyond what counts as found: the server stores their distances, and tells them once it is asked how far to look.
  let farther = [];
  let within;
  // What the person says and the server has not confirmed yet: true, false, or null for taken back.
  const said = new Map();
  const numbers = new Map();
  let groups;
  let groupOf = new Map();

  const judgementOf = match => (said.has(match.photo.id) ? said.get(match.photo.id) : wordOf[match.judgement] ?? null);

  // Of a face that was judged the server tells no verdict but the person's: until it is asked again, one that is taken back counts.
  const counts = match => judgementOf(match) ?? (match.verdict !== 'no' || Boolean(match.judgement));

  const isShown = match => judgementOf(match) ?? (within === undefined ? counts(match) : match.distance <= within);

  function everything() {
    const all = new Map();
    for (const match of [...search.matches, ...(search.judged ?? []), ...farther]) {
      if (!all.has(match.photo.id)) all.set(match.photo.id, match);
    }
    return all;
  }

  // One card a picture, however many posts carry it: the surest of its copies stands for all.
  function card(copies) {
    const match = copies.reduce((best, copy) => (copy.confidence > best.confidence ? copy : best));
    const key = match.photo.id;
    if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
    const judgement = judgementOf(match);
    return {
      key,
      match,
      copies,
      judgement,
      band: judgement ? 'clear' : match.band,
      counts: counts(match),
      number: numbers.get(key),
      ratio: match.photo.width / match.photo.height,
      // Asked for near the window alone.
      get posts() {
        return postsOf(copies);
      },
      isSensitive: copies.some(isSensitive),
    };
  }

  function cards(order) {
    if (groups !== search.groups) {
      groups = search.groups ?? [];
      groupOf = new Map(groups.flatMap(group => group.photos.map(photo => [photo, group])));
    }
    const all = everything();
    const done = new Set();
    const found = [];
    for (const match of all.values()) {
      if (!isShown(match)) continue;
      const group = groupOf.get(match.photo.id);
      if (!group) {
        found.push(card([match]));
      } else if (!done.has(group)) {
        done.add(group);
        found.push(card(group.photos.map(photo => all.get(photo)).filter(copy => copy && isShown(copy))));
      }
    }
    const rank = one => bands.indexOf(one.band);
    // Equal confidence: the one found first stays in front, so nothing changes places for no reason.
    return found.sort((one, other) => rank(one) - rank(other)
      || (order === 'confidence' ? other.match.confidence - one.match.confidence : 0)
      || one.number - other.number);
  }

  return {
    cards,
    said,
    judgementOf,
    judged: () => [...everything().values()].filter(match => judgementOf(match) === false),
    get within() {
      return within;
    },
    set within(distance) {
      within = distance;
    },
    // Takes over what the server tells now; false: it is out of date.
    update(view) {
      // An answer from before the end, which arrives after it, would bring back what the end took away.
      if (hasEnded(search.status) && !hasEnded(view.status)) return false;
      search.matches = view.matches.filter(match => match.verdict !== 'no');
      search.judged = view.judged ?? [];
      search.groups = view.groups;
      search.photos = view.photos;
      search.cost = view.cost;
      search.albumMargin = view.albumMargin;
      farther = view.matches.filter(match => match.verdict === 'no');
      return true;
    },
    // The distances that a threshold can choose between, and the one that stands for what counts as found.
    distances() {
      const unjudged = [...everything().values()].filter(match => judgementOf(match) === null);
      const of = some => some.map(match => match.distance);
      const counted = of(unjudged.filter(counts));
      const others = of(unjudged.filter(match => !counts(match)));
      return { counted, others };
    },
  };
}
