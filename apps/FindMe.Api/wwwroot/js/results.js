// Step 4: the matches, live: judged, narrowed or widened, and taken along.
import { api } from './api.js';
import { announce, announceNow } from './announce.js';
import { faceCrop } from './bounding-box.js';
import { element, icon, icons, replace } from './element.js';
import { foundPhotos } from './found.js';
import { frameOf, textLines } from './frame.js';
import { judging } from './judging.js';
import { largeView } from './large-view.js';
import { notice, problemNotice } from './notice.js';
import { nameOf, photoAddress } from './photo.js';
import { photoGrid } from './photo-grid.js';
import { isSensitive } from './posts.js';
import { doubtfulQueue, isDoubtful } from './queue.js';
import { follow } from './search.js';
import { skippedPhotos } from './skipped.js';
import { takeAway } from './take-away.js';
import { takePanels } from './take-panels.js';
import { chosenThreshold, threshold } from './threshold.js';
import { toast } from './toast.js';
import { clockOf, count, hasEnded, minuteOf, placeOf, remaining, sentence, statusWords, timeLeft } from './words.js';

// Width asked of the server, in pixels.
const CROP_WIDTH = 960;

// X charges for names: who posted the last matches is asked after they are found, and known a moment later.
const NAMES_AFTER_MS = 3000;

// Photos that are tried again are under way by then.
const REOPENED_WITHIN_MS = 5000;

// Faces in the strip of the newest finds.
const STRIP_LENGTH = 12;

// Farther than any face that is stored: unit vectors are at most so far apart.
const EVERYTHING = 2;

export async function resultsView(page, id) {
  const [search, { demo }] = await Promise.all([api.search(id), api.me()]);
  const found = foundPhotos(search);
  const place = placeOf(search);

  let order = 'confidence';
  let cards = [];
  let isSelecting = false;
  let asksFarther = false;
  let stop = () => {};
  let ticking;
  let naming;
  // When this page first saw the search, and how far it had come: what is left is reckoned from there.
  let began;
  // The end of the pause that a listener has heard of; false: of none.
  let told = false;
  const uncovered = new Set();
  const chosen = new Set();

  const heading = element('h1', {}, 'Photos of you in ', element('em', {}, place));
  const status = element('p', { class: 'status' });
  const connection = element('p', { class: 'connection', role: 'status' });
  const progress = element('progress', { 'aria-label': 'Photos compared' });
  const numbers = element('dl', { class: 'numbers' });
  const cancelButton = element('button', { type: 'button', class: 'button', onclick: cancel }, 'Cancel the search');
  const progressPanel = element('section', { class: 'panel progress-panel', 'aria-label': 'Progress' },
    element('div', { class: 'status-line' }, status, cancelButton), progress, numbers, connection);
  const strip = element('div', { class: 'strip', hidden: true });
  const summary = element('div', { class: 'summary' });
  const answer = element('div', { class: 'answer' });
  const onward = element('p', { class: 'actions' });
  const sheets = {
    clear: sheet('clear', 'Clear matches', 16.5),
    likely: sheet('likely', 'Likely', 16.5),
    check: sheet('check', 'Please check', 13, 'These faces look like yours, but they are small, turned away, or belong to someone who looks like you.'),
  };
  const judgedCount = element('summary', {});
  const judgedList = element('ul', { class: 'judged-list' });
  const judged = element('details', { class: 'judged', hidden: true, ontoggle: drawJudged }, judgedCount, judgedList);
  const skipped = skippedPhotos(search, retry);
  const judges = judging(search, found, {
    changed: () => settle(),
    refused: (problem, retry) => {
      if (!page.needsConsent(problem)) toast(`Not saved. ${sentence(problem.title)} ${sentence(problem.detail)}`, [['Try again', retry]], { lasting: 0, isProblem: true });
    },
    saved: () => api.search(id, asksFarther ? EVERYTHING : undefined),
  });
  const visible = () => cards.filter(card => !card.isSensitive || uncovered.has(card.key));
  const surest = card => cards.find(other => other.key !== card.key && other.band === 'clear' && !other.isSensitive);
  const viewer = largeView({ cards: visible, judge, undo, surest, closed: showCard });
  const queue = doubtfulQueue({ cards: visible, judge: (card, isMe) => judges.judge(card, isMe), undo: judges.undo, surest, closed: () => checkButton.hidden ? focusHeading() : checkButton.focus() });
  const checkButton = element('button', { type: 'button', class: 'button', hidden: true, onclick: queue.open });
  const panels = takePanels(page, search, {
    found: () => counted().flatMap(card => card.copies),
    chosen: () => counted().filter(card => chosen.size === 0 || chosen.has(card.key)).map(card => card.match),
  });
  const take = takeAway(search, { cards: () => cards, chosen, selecting: setSelecting, places: panels.buttons });
  const slider = threshold(search, found, {
    ask: async () => {
      asksFarther = true;
      found.update(await api.search(id, EVERYTHING));
    },
    changed: () => settle(),
  });
  const noticeList = element('ul', { class: 'notices', hidden: true });

  const choices = [['confidence', 'Surest first'], ['found', 'As found']].map(([value, label]) =>
    element('label', {}, element('input', { type: 'radio', name: 'order', value, checked: value === order, onchange: () => reorder(value) }), element('span', {}, label)));
  const ordering = element('fieldset', { class: 'order', hidden: true }, element('legend', {}, 'Order'), choices);

  const node = element('div', { class: 'results' },
    element('header', { class: 'results-head' },
      element('div', {}, heading, element('p', { class: 'small' }, `Started ${minuteOf(search.createdAt)}`)),
      progressPanel),
    answer, summary, element('div', { class: 'after' }, take.node, onward), panels.node, slider.node, noticeList, strip,
    element('div', { class: 'sheet-tools' }, checkButton, ordering), take.bar,
    element('div', { class: 'sheets', onkeydown: keyed }, Object.values(sheets).map(({ node }) => node)),
    judged, skipped.node, viewer.node, queue.node);

  function sheet(band, title, rowHeight, explanation) {
    const tally = element('span', { class: 'tally' });
    const grid = photoGrid({ label: title, rowHeight, textLines, frameOf: makeFrame });
    return {
      grid,
      tally,
      node: element('section', { class: `sheet sheet-${band}`, 'aria-label': title, hidden: true },
        element('h2', {}, title, ' ', tally), explanation && element('p', { class: 'small' }, explanation), grid.node),
    };
  }

  const grids = () => Object.values(sheets).map(({ grid }) => grid);
  const cardOf = key => cards.find(card => card.key === key);

  function makeFrame({ key }) {
    const frame = frameOf(cardOf(key), {
      opened: () => (isSelecting ? choose(key, !chosen.has(key)) : viewer.open(cardOf(key))),
      judged: isMe => judgeInGrid(cardOf(key), isMe),
      chosen: isChosen => choose(key, isChosen),
      uncovered: () => uncovered.add(key),
      isUncovered: uncovered.has(key),
    });
    frame.choose(chosen.has(key));
    return frame;
  }

  // Says it, and offers the way back.
  function judge(card, isMe) {
    // The answer that was given already is taken back by pressing it once more.
    const word = card.judgement === isMe ? null : isMe;
    judges.judge(card, word);
    toast(word === null ? 'Taken back.' : word ? 'Marked as you.' : 'Marked as not you. It will not come back, here or in later searches.',
      [['Undo', undo], ...(word && card.band !== 'clear' && card.match.post?.network !== 'x' ? [['Use it as a selfie too', () => addAsSelfie(card)]] : [])]);
  }

  // A face that differs from the selfies finds more. Each is added only when the person says so, and can be deleted among the selfies.
  async function addAsSelfie(card) {
    try {
      await api.addFoundPhoto(id, card.match.photo.id);
      toast('Added to your selfies, for your next searches.', [['Show', () => page.go('face')]]);
    } catch (problem) {
      if (!page.needsConsent(problem)) toast(`Not added. ${sentence(problem.title)} ${sentence(problem.detail)}`, [], { isProblem: true });
    }
  }

  function undo() {
    if (!judges.canUndo()) return;
    judges.undo();
    announceNow('Taken back.');
  }

  // The photo may leave its place: then the focus moves to the photo that takes it.
  function judgeInGrid(card, isMe) {
    const group = cards.filter(other => other.band === card.band);
    const at = group.indexOf(card);
    const neighbour = group[at + 1] ?? group[at - 1];
    const button = document.activeElement?.classList.contains('judge-me') ? '.judge-me' : '.judge-other';
    judge(card, isMe);
    if (cardOf(card.key)?.band === card.band) return;
    const frame = neighbour && sheets[card.band].grid.reveal(neighbour.key);
    if (frame) frame.node.querySelector(button).focus({ preventScroll: true });
    else focusHeading();
  }

  // One key each for the photo that has the focus.
  function keyed(event) {
    const key = event.target.closest('.frame')?.dataset.photo;
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'y') judgeInGrid(cardOf(key), true);
    else if (event.key === 'n') judgeInGrid(cardOf(key), false);
    else if (event.key === 'u') undo();
    else return;
    event.preventDefault();
  }

  function focusHeading() {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  function choose(key, isChosen) {
    if (isChosen && cardOf(key).counts) chosen.add(key);
    else chosen.delete(key);
    showChosen();
    take.show();
  }

  function setSelecting(isOn) {
    isSelecting = isOn;
    node.classList.toggle('selecting', isOn);
    showChosen();
  }

  function showChosen() {
    for (const frame of grids().flatMap(grid => [...grid.all()])) frame.choose(chosen.has(frame.node.dataset.photo));
  }

  // The person may have walked far from the photo they opened: the page follows.
  function showCard(key) {
    for (const grid of grids()) {
      const frame = grid.reveal(key);
      if (!frame) continue;
      frame.opener.focus({ preventScroll: true });
      return;
    }
    focusHeading();
  }

  // What stands in the window stays where it is, whatever comes in above it.
  function inPlace(change) {
    const isAtTop = node.querySelector('.sheets').getBoundingClientRect().top > 0;
    const before = isAtTop ? [] : grids().flatMap(grid => grid.inWindow().map(([key, height]) => [grid, key, height]));
    change();
    // A photo that went to another part of the page is not followed.
    for (const [grid, key, height] of before) {
      const now = grid.heightOf(key);
      if (now === undefined) continue;
      if (now !== height) scrollBy({ top: now - height, behavior: 'instant' });
      break;
    }
    for (const grid of grids()) grid.render();
  }

  function reorder(value) {
    order = value;
    settle();
    announceNow(value === 'confidence' ? 'The surest photos come first.' : 'Photos come in the order they were found.');
  }

  // Shows what is found, judged and chosen now.
  function settle() {
    inPlace(() => {
      cards = found.cards(order);
      for (const [band, { node: section, grid, tally }] of Object.entries(sheets)) {
        const some = cards.filter(card => card.band === band);
        section.hidden = some.length === 0;
        tally.textContent = some.length.toLocaleString('en');
        grid.show(some);
      }
      const doubtful = visible().filter(isDoubtful).length;
      checkButton.hidden = doubtful === 0;
      checkButton.textContent = `Check ${count(doubtful, 'photo')}`;
      ordering.hidden = cards.length < 2;
      drawJudged();
      drawNumbers();
      take.show();
      slider.show();
      if (hasEnded(search.status)) conclude();
    });
    node.dataset.found = cards.length;
    viewer.refresh();
  }

  function drawJudged() {
    const others = found.judged();
    judged.hidden = others.length === 0;
    judgedCount.textContent = `${count(others.length, 'photo')} you said ${others.length === 1 ? 'is' : 'are'} not you`;
    if (!judged.open) return;
    const shown = others.map(match => match.photo.id).join('\n');
    if (judgedList.dataset.shown === shown) return;
    judgedList.dataset.shown = shown;
    replace(judgedList, others.map(match => element('li', {},
      faceCrop(photoAddress(match.photo, CROP_WIDTH), match.box, match.photo),
      element('span', { class: 'file' }, nameOf(match)),
      element('button', { type: 'button', class: 'button small', onclick: () => takeBack(match) }, icon(icons.undo), 'Undo', element('span', { class: 'visually-hidden' }, `: ${nameOf(match)}`)))));
  }

  function takeBack(match) {
    judges.judge({ copies: [match] }, null);
    announceNow('Taken back.');
    (judgedList.querySelector('button') ?? judgedCount).focus();
    if (judged.hidden) focusHeading();
  }

  const counted = () => cards.filter(card => card.counts);
  const toCheck = () => counted().filter(card => card.band === 'check').length;

  function drawNumbers() {
    const { found: all, compared, skipped: left } = search.photos;
    replace(numbers,
      figure('Photos found', all), figure('Compared', compared), figure('Skipped', left), figure('Photos of you', counted().length), toCheck() > 0 && figure('To check', toCheck()),
      search.cost > 0 && figure('Cost', `$${search.cost.toFixed(2)}`));
  }

  function draw(news, fresh = true) {
    const ended = hasEnded(search.status);
    if (!ended) {
      for (const match of news.matches.filter(match => !isSensitive(match)).slice(-STRIP_LENGTH)) {
        strip.prepend(faceCrop(photoAddress(match.photo, CROP_WIDTH), match.box, match.photo));
        while (strip.children.length > STRIP_LENGTH) strip.lastChild.remove();
      }
    }

    const { found: all, compared, skipped: left } = search.photos;
    const done = Math.min(all, compared + left);
    const notices = search.notices ?? [];
    node.dataset.status = search.status;
    began ??= { at: Date.now(), done };
    const eta = ended ? '' : timeLeft(done, all, began.done, Date.now() - began.at);
    status.textContent = eta ? `${statusWords(search.status)}, ${eta}` : statusWords(search.status);
    if (all > 0) {
      progress.max = all;
      progress.value = done;
    } else if (ended) {
      progress.max = 1;
      progress.value = 1;
    }
    inPlace(() => {
      noticeList.hidden = notices.length === 0;
      replace(noticeList, notices.map(words => element('li', {}, sentence(words))));
      cancelButton.hidden = ended;
      // A finished search speaks of its result.
      progressPanel.hidden = search.status === 'finished';
      progress.hidden = ended;
      strip.hidden = ended;
      strip.classList.toggle('empty', strip.children.length === 0);
      skipped.show();
      settle();
      wait();
    });
    document.title = `${ended ? '' : `${done} of ${all} – `}Photos of you in ${place} – FindMe`;

    if (ended) {
      connection.textContent = '';
      end();
    } else if (fresh && news.matches.length > 0) {
      announce(`${count(counted().length, 'photo')} of you so far${toCheck() > 0 ? `, ${toCheck()} to check` : ''}. ${done} of ${count(all, 'photo')} looked at.`);
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
        ? `Waiting: the source asked for a pause. It continues at ${clockOf(search.waitingUntil)}, ${remaining(search.waitingUntil)}.`
        : 'Waiting: the source asked for a pause.';
    };
    tick();
    ticking = setInterval(tick, 1000);
    // The stream says every few seconds that nothing has changed.
    if (told === search.waitingUntil) return;
    told = search.waitingUntil;
    announceNow(status.textContent);
  }

  // What the search came to, and what to do next. Said again where a judgement or the slider changes it.
  let concluded;

  function conclude() {
    const { found: all, skipped: left } = search.photos;
    const mine = counted().length;
    const unsure = toCheck();
    const now = JSON.stringify([search.status, search.photos, search.albumMargin, search.problem, search.canContinue, mine, unsure, cards.length > 0]);
    if (concluded === now) return;
    concluded = now;
    const skippedWords = left > 0 ? ` ${count(left, 'photo')} could not be compared.` : '';
    // Under the same cap it would stop again where it stands.
    const capped = search.problem?.type === 'cost-cap';
    const most = element('input', { type: 'number', min: 0.01, step: 0.01, inputmode: 'decimal', value: (2 * search.cost).toFixed(2) });
    slider.node.hidden = search.photos.compared === 0;
    replace(onward,
      search.canContinue && search.source !== 'album' && search.source !== 'zip' && [
        capped && element('label', { class: 'cap' }, 'It may cost in all, in US dollars ', most),
        element('button', { type: 'button', class: 'button', onclick: () => goOn(capped ? { maxCost: Number(most.value) } : {}) },
          icon(icons.next), capped || search.status === 'failed' ? 'Go on' : 'Look for newer photos'),
      ],
      element('button', { type: 'button', class: 'button', onclick: again }, icon(icons.again), 'Search again'),
      element('a', { class: 'button', href: '#album' }, 'Search elsewhere'));

    // A search that finished may have a problem too: there were no photos, or it has cost what the person allowed.
    const problem = search.status !== 'failed' && search.problem && notice('info', sentence(search.problem.title), sentence(search.problem.detail));
    const nothing = mine === 0 && found.judged().length === 0;
    const isDemo = demo && [demo.album, demo.hashtag].includes(search.query);
    let words;
    if (search.status === 'failed') {
      words = search.problem
        ? notice('problem', sentence(search.problem.title || statusWords('failed')), sentence(search.problem.detail), mine > 0 && 'What was found until then is below.')
        : notice('problem', 'The search stopped', 'What was found until then is below.');
    } else if (nothing && search.status === 'finished') {
      words = element('div', { class: 'nothing' },
        (all > 0 || !problem) && element('p', { class: 'big' }, all === 0 ? 'There are no photos in this album.' : `You are in none of these ${count(all, 'photo')}, as far as we can see.${skippedWords}`),
        all > 0 && element('p', {}, 'Faces that are very small, turned away or covered are missed. What you can try:'),
        all > 0 && element('ul', {},
          isDemo && element('li', {}, 'This is a demo: it has photos of a few sample people only. ', element('a', { href: '#album' }, 'Send a ZIP file of your own photos'), ', or delete your selfies to try the sample face.'),
          element('li', {}, element('a', { href: '#face' }, 'Add another selfie'), ', with the glasses, hair or beard you wore that day.'),
          element('li', {}, element('a', { href: '#album' }, 'Choose another album'), '.')));
    } else {
      const cancelled = search.status === 'cancelled';
      const where = cancelled ? `Cancelled after ${count(search.photos.compared + left, 'photo')} of ${all}.` : 'Done.';
      words = element('p', { class: 'big' },
        nothing
          ? `${where} Nothing was found until then.`
          : `${where} You seem to be in ${count(mine, 'photo')} of ${cancelled ? 'those' : all.toLocaleString('en')}${unsure > 0 ? `; please check ${unsure} of them` : ''}.${skippedWords}`);
    }
    replace(summary, words, problem,
      search.albumMargin > 0 && element('p', { class: 'small stricter' }, 'Many of the faces in these photos look alike to FindMe, so only closer matches are shown. If a photo of you is missing, open “Too many photos, or too few?”.'));
  }

  // The search has ended: said once to a listener, and the live connection goes.
  function end() {
    if (stop !== finished) {
      announceNow([...summary.querySelectorAll('.big, .notice, .nothing p, .stricter')].map(part => part.textContent).join(' '));
      if (search.matches.some(match => match.post?.network === 'x' && !match.post.author)) naming = setTimeout(nameAuthors, NAMES_AFTER_MS);
    }
    stop = finished;
  }

  // Whose author turned out to have opted out is gone then.
  async function nameAuthors() {
    await judges.read();
  }

  // Stands in for the live connection once there is none.
  function finished() {}

  async function cancel() {
    cancelButton.disabled = true;
    try {
      await api.deleteSearch(id);
      // The stream tells that it was cancelled; the heading takes the focus from the button that goes.
      focusHeading();
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

  // The server takes the verdicts back a moment later: until then the search would look as if it had ended.
  async function retry(event) {
    event.target.disabled = true;
    try {
      await api.retrySkipped(id);
      const deadline = Date.now() + REOPENED_WITHIN_MS;
      while (hasEnded((await api.search(id)).status) && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 300));
      page.go('search', id);
    } catch (problem) {
      event.target.disabled = false;
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
    const words = lost ? 'Connection lost. The search continues; reconnecting…' : '';
    if (connection.textContent !== words) connection.textContent = words;
  }

  const print = isOn => () => grids().forEach(grid => grid.print(isOn));
  const [beforePrint, afterPrint] = [print(true), print(false)];

  // Another device, or a tab without the channel, may have judged meanwhile.
  function seenAgain() {
    if (document.visibilityState === 'visible' && hasEnded(search.status)) judges.read();
  }

  draw(search, false);
  if (chosenThreshold(id) !== undefined) slider.node.open = true;

  return {
    title: `Photos of you in ${place}`,
    node,
    shown() {
      addEventListener('beforeprint', beforePrint);
      addEventListener('afterprint', afterPrint);
      document.addEventListener('visibilitychange', seenAgain);
      if (hasEnded(search.status)) return;
      stop = follow(search, {
        changed: draw,
        connection: connectionChanged,
        gone: problem => {
          if (!page.needsConsent(problem)) page.goWith(notice('info', 'Search not found', 'It was deleted, here or in another tab.'), 'start');
        },
      });
    },
    leave() {
      stop();
      clearInterval(ticking);
      clearTimeout(naming);
      removeEventListener('beforeprint', beforePrint);
      removeEventListener('afterprint', afterPrint);
      document.removeEventListener('visibilitychange', seenAgain);
      judges.leave();
      panels.leave();
      viewer.leave();
      queue.leave();
      grids().forEach(grid => grid.leave());
    },
  };
}

const figure = (label, number) => element('div', {}, element('dt', {}, label), element('dd', {}, typeof number === 'number' ? number.toLocaleString('en') : number));
