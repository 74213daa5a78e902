// Step 4: the matches, live. One frame a photo, the person's face boxed, the surest apart from the doubtful.
import { api } from './api.js';
import { announce, announceNow } from './announce.js';
import { faceCrop } from './bounding-box.js';
import { element, icon, icons, replace } from './element.js';
import { frameOf } from './frame.js';
import { largeView } from './large-view.js';
import { notice, problemNotice } from './notice.js';
import { photoAddress } from './photo.js';
import { isSensitiveItself } from './posts.js';
import { saveCsv, saveJson } from './report.js';
import { follow } from './search.js';
import { clockOf, count, hasEnded, minuteOf, remaining, sentence, statusWords } from './words.js';

// Width asked of the server, in pixels.
const CROP_WIDTH = 960;

// X charges for names: who posted the last matches is asked after they are found, and known a moment later.
const NAMES_AFTER_MS = 3000;

// Faces in the strip of the newest finds.
const STRIP_LENGTH = 12;

export async function resultsView(page, id) {
  const search = await api.search(id);

  const frames = [];
  let order = 'confidence';
  let stop = () => {};
  let ticking;
  let naming;
  // The end of the pause that a listener has heard of; false: of none.
  let told = false;

  const heading = element('h1', {}, 'You in ', element('em', {}, search.query));
  const status = element('p', { class: 'status' });
  const connection = element('p', { class: 'connection', role: 'status' });
  const progress = element('progress', { 'aria-label': 'Photos compared' });
  const numbers = element('dl', { class: 'numbers' });
  const cancelButton = element('button', { type: 'button', class: 'button', onclick: cancel }, 'Cancel the search');
  const strip = element('div', { class: 'strip', hidden: true });
  const summary = element('div', { class: 'summary' });
  const answer = element('div', { class: 'answer' });
  const sure = grid('sure', 'This is you');
  const maybe = grid('maybe', 'Maybe you', 'These faces look like yours, but they are small, turned away, or belong to someone who looks like you. Please check.');
  const skippedList = element('ul', {});
  const skippedCount = element('summary', {});
  const skipped = element('details', { class: 'skipped', hidden: true }, skippedCount, skippedList);
  const viewer = largeView(() => inOrder(shownFrames().filter(frame => !frame.isCovered())), () => search.groups ?? []);
  const noticeList = element('ul', { class: 'notices', hidden: true });

  const choices = [['confidence', 'Surest first'], ['found', 'As found']].map(([value, label]) =>
    element('label', {}, element('input', { type: 'radio', name: 'order', value, checked: value === order, onchange: () => reorder(value) }), element('span', {}, label)));
  const ordering = element('fieldset', { class: 'order', hidden: true }, element('legend', {}, 'Order'), choices);

  const node = element('div', { class: 'results' },
    element('header', { class: 'results-head' },
      element('div', {}, heading, element('p', { class: 'small' }, `Started ${minuteOf(search.createdAt)}`)),
      element('section', { class: 'panel progress-panel', 'aria-label': 'Progress' },
        element('div', { class: 'status-line' }, status, cancelButton), progress, numbers, connection)),
    answer, summary, noticeList, strip,
    element('div', { class: 'sheet-tools' }, ordering),
    sure.node, maybe.node, skipped, viewer.node);

  function grid(kind, title, explanation) {
    const list = element('ul', { class: `frames frames-${kind}` });
    const number = element('span', { class: 'tally' });
    return {
      list,
      number,
      node: element('section', { class: `sheet sheet-${kind}`, 'aria-label': title, hidden: true },
        element('h2', {}, title, ' ', number), explanation && element('p', { class: 'small' }, explanation), list),
    };
  }

  // One frame a picture, however many posts carry it.
  const shownFrames = () => frames.filter(frame => !frame.node.hidden);
  const gridOf = match => (match.verdict === 'maybe' ? maybe : sure);
  // Equal confidence: the one found first stays in front, so nothing changes places for no reason.
  const surestFirst = (one, other) => other.match.confidence - one.match.confidence || one.number - other.number;

  function inOrder(some) {
    const sorted = order === 'confidence' ? some.toSorted(surestFirst) : some.toSorted((one, other) => one.number - other.number);
    return [...sorted.filter(frame => frame.match.verdict !== 'maybe'), ...sorted.filter(frame => frame.match.verdict === 'maybe')];
  }

  function add(match, fresh) {
    const frame = frameOf(match, frames.length + 1, () => viewer.open(frame));
    frames.push(frame);
    frame.node.classList.toggle('fresh', fresh);
    const { list } = gridOf(match);
    const next = order === 'confidence' && frames
      .filter(other => other !== frame && gridOf(other.match).list === list && surestFirst(frame, other) < 0)
      .toSorted(surestFirst)[0];
    if (next) next.node.before(frame.node);
    else list.append(frame.node);
    if (isSensitiveItself(match)) return;
    const face = faceCrop(photoAddress(match.photo, CROP_WIDTH), match.box, match.photo);
    face.classList.add(match.verdict === 'maybe' ? 'crop-maybe' : 'crop-sure');
    strip.prepend(face);
    while (strip.children.length > STRIP_LENGTH) strip.lastChild.remove();
  }

  function reorder(value) {
    order = value;
    // A frame that is moved would play its entrance again.
    for (const frame of inOrder(frames)) {
      frame.node.classList.remove('fresh');
      gridOf(frame.match).list.append(frame.node);
    }
    announceNow(value === 'confidence' ? 'The surest photos come first.' : 'Photos come in the order they were found.');
  }

  function draw(news, fresh = true) {
    for (const match of news.matches) add(match, fresh);
    skippedList.append(...news.skipped.map(skip =>
      element('li', {}, element('span', { class: 'file' }, skip.photo.id), ' ', element('span', {}, sentence(skip.reason)))));

    const ended = hasEnded(search.status);
    const { found, compared, skipped: left } = search.photos;
    const done = Math.min(found, compared + left);
    for (const frame of frames) frame.refresh(search.groups ?? []);
    const shown = shownFrames();
    const surely = shown.filter(frame => frame.match.verdict !== 'maybe').length;
    const perhaps = shown.length - surely;
    const notices = search.notices ?? [];
    noticeList.hidden = notices.length === 0;
    replace(noticeList, notices.map(words => element('li', {}, sentence(words))));

    node.dataset.status = search.status;
    status.textContent = statusWords(search.status);
    if (found > 0) {
      progress.max = found;
      progress.value = done;
    } else if (ended) {
      progress.max = 1;
      progress.value = 1;
    }
    replace(numbers,
      figure('Photos found', found), figure('Compared', compared), figure('Skipped', left), figure('Photos of you', surely), perhaps > 0 && figure('Maybe', perhaps),
      search.cost > 0 && figure('Cost', `$${search.cost.toFixed(2)}`));
    cancelButton.hidden = ended;
    progress.hidden = ended;
    sure.node.hidden = surely === 0;
    sure.number.textContent = String(surely);
    maybe.node.hidden = perhaps === 0;
    maybe.number.textContent = String(perhaps);
    strip.hidden = frames.length === 0 || ended;
    ordering.hidden = frames.length < 2;
    skipped.hidden = search.skipped.length === 0;
    skippedCount.textContent = `${count(search.skipped.length, 'photo')} could not be compared`;
    document.title = `${ended ? '' : `${done} of ${found} – `}You in ${search.query} – FindMe`;
    viewer.refresh();
    wait();

    if (ended) {
      connection.textContent = '';
      conclude(surely, perhaps);
    } else if (fresh && news.matches.length > 0) {
      announce(`${count(surely, 'photo')} of you so far${perhaps > 0 ? `, and ${perhaps} maybe` : ''}. ${done} of ${count(found, 'photo')} looked at.`);
    }
  }

  // The countdown is not in a live region: a listener hears of the pause once, from the status.
  function wait() {
    clearInterval(ticking);
    if (search.status !== 'waiting') {
      told = false;
      return;
    }
    const tick = () => {
      status.textContent = search.waitingUntil
        ? `Waiting: the source asked for a pause. It goes on at ${clockOf(search.waitingUntil)}, ${remaining(search.waitingUntil)}.`
        : 'Waiting: the source asked for a pause.';
    };
    tick();
    ticking = setInterval(tick, 1000);
    // The stream says every few seconds that nothing has changed.
    if (told === search.waitingUntil) return;
    told = search.waitingUntil;
    announceNow(status.textContent);
  }

  function conclude(surely, perhaps) {
    const { found, skipped: left } = search.photos;
    const skippedWords = left > 0 ? ` ${count(left, 'photo')} could not be compared.` : '';
    // Under the same cap it would stop again where it stands.
    const capped = search.problem?.type === 'cost-cap';
    const most = element('input', { type: 'number', min: 0.01, step: 0.01, inputmode: 'decimal', value: (2 * search.cost).toFixed(2) });
    const actions = element('p', { class: 'actions' },
      frames.length > 0 && [
        element('button', { type: 'button', class: 'button', onclick: () => saveCsv(search, frames.map(frame => frame.match)) }, icon(icons.download), 'Save as CSV'),
        element('button', { type: 'button', class: 'button', onclick: () => saveJson(search, frames.map(frame => frame.match)) }, icon(icons.download), 'Save as JSON'),
        element('button', { type: 'button', class: 'button', onclick: () => print() }, icon(icons.print), 'Print'),
      ],
      search.canContinue && search.source !== 'album' && search.source !== 'zip' && [
        capped && element('label', { class: 'cap' }, 'It may cost in all, in US dollars ', most),
        element('button', { type: 'button', class: 'button', onclick: () => goOn(capped ? { maxCost: Number(most.value) } : {}) },
          icon(icons.next), capped || search.status === 'failed' ? 'Go on' : 'Look for newer photos'),
      ],
      element('button', { type: 'button', class: 'button', onclick: again }, icon(icons.again), 'Search again'),
      element('a', { class: 'button', href: '#album' }, 'Search elsewhere'));

    // A search that finished may have a problem too: there were no photos, or it has cost what the person allowed.
    const problem = search.status !== 'failed' && search.problem && notice('info', sentence(search.problem.title), sentence(search.problem.detail));
    let words;
    if (search.status === 'failed') {
      words = search.problem
        ? notice('problem', sentence(search.problem.title || statusWords('failed')), sentence(search.problem.detail), frames.length > 0 && 'What was found until then is below.')
        : notice('problem', 'The search stopped', 'What was found until then is below.');
    } else if (frames.length === 0 && search.status === 'finished') {
      words = element('div', { class: 'nothing' },
        (found > 0 || !problem) && element('p', { class: 'big' }, found === 0 ? 'There are no photos in this album.' : `You are in none of these ${count(found, 'photo')}, as far as we can see.${skippedWords}`),
        found > 0 && element('p', {}, 'Faces that are very small, turned away or covered are missed. What you can try:'),
        found > 0 && element('ul', {},
          element('li', {}, element('a', { href: '#face' }, 'Add another picture of yourself'), ', with the glasses, hair or beard you wore that day.'),
          element('li', {}, element('a', { href: '#album' }, 'Choose another album'), '.')));
    } else {
      const cancelled = search.status === 'cancelled';
      const where = cancelled ? `Cancelled after ${count(search.photos.compared + left, 'photo')} of ${found}.` : 'Done.';
      words = element('p', { class: 'big' },
        frames.length === 0
          ? `${where} Nothing was found until then.`
          : `${where} You are in ${count(surely, 'photo')} of ${cancelled ? 'those' : found}${perhaps > 0 ? `, and maybe in ${perhaps} more` : ''}.${skippedWords}`);
    }
    replace(summary, words, problem, actions);
    if (stop !== finished) {
      announceNow(`${words.textContent} ${problem ? problem.textContent : ''}`);
      if (frames.some(frame => frame.match.post?.network === 'x' && !frame.match.post.author)) naming = setTimeout(nameAuthors, NAMES_AFTER_MS);
    }
    stop = finished;
  }

  async function nameAuthors() {
    const later = await api.search(id).catch(() => undefined);
    if (!later) return;
    search.groups = later.groups;
    search.cost = later.cost;
    const before = frames.length;
    for (const frame of [...frames]) {
      const named = later.matches.find(match => match.photo.id === frame.match.photo.id && match.post?.id === frame.match.post?.id);
      if (named) {
        frame.match.post = named.post;
        frame.refresh(search.groups);
      } else {
        // Its author turned out to have opted out.
        frame.node.remove();
        frames.splice(frames.indexOf(frame), 1);
      }
    }
    if (frames.length < before) {
      search.photos = later.photos;
      viewer.leave();
      draw({ matches: [], skipped: [] }, false);
    }
  }

  // Stands in for the live connection once there is none.
  function finished() {}

  async function cancel() {
    cancelButton.disabled = true;
    try {
      await api.deleteSearch(id);
      // The stream tells that it was cancelled; the heading takes the focus from the button that goes.
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
    cancelButton.disabled = false;
  }

  async function again() {
    try {
      const next = await api.startSearch({ source: search.source, query: search.query, ...search.terms });
      page.go('search', next.id);
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  async function goOn(wish) {
    try {
      await api.continueSearch(id, wish);
      page.go('search', id);
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(answer, problemNotice(problem));
    }
  }

  function connectionChanged(state) {
    const lost = state === 'lost' && !hasEnded(search.status);
    connection.classList.toggle('lost', lost);
    const words = lost ? 'The connection is lost. The search goes on without you; trying to connect again…' : '';
    if (connection.textContent !== words) connection.textContent = words;
  }

  draw(search, false);

  return {
    title: `You in ${search.query}`,
    node,
    shown() {
      if (hasEnded(search.status)) return;
      stop = follow(search, {
        changed: draw,
        connection: connectionChanged,
        gone: problem => {
          if (!page.needsConsent(problem)) page.goWith(notice('info', 'That search is not there any more', 'It was deleted, here or in another tab.'), 'start');
        },
      });
    },
    leave() {
      stop();
      clearInterval(ticking);
      clearTimeout(naming);
      viewer.leave();
    },
  };
}

const figure = (label, number) => element('div', {}, element('dt', {}, label), element('dd', {}, typeof number === 'number' ? number.toLocaleString('en') : number));
