// Which step is shown. The address says where the person is (#search=…); without one, the server's state decides.
import { api } from './api.js';
import { signInOutcome } from './account.js';
import { announceNow } from './announce.js';
import { consentView } from './consent.js';
import { selfieView } from './selfie.js';
import { albumView } from './album.js';
import { resultsView } from './results.js';
import { searchesView } from './searches.js';
import { privacyView, confirmDeleteEverything } from './privacy.js';
import { element } from './element.js';
import { hasEnded, table } from './words.js';
import { notice, problemNotice } from './notice.js';

const views = table({
  consent: consentView,
  face: selfieView,
  album: albumView,
  search: resultsView,
  searches: searchesView,
  privacy: privacyView,
});

const main = document.getElementById('main');
let shown = { leave() {} };
let turn = 0;
// Said once on top of the next step, for instance why it is shown.
let pending;

const page = {
  go(name, argument) {
    const hash = argument === undefined ? `#${name}` : `#${name}=${encodeURIComponent(argument)}`;
    if (location.hash === hash) show();
    else location.hash = hash;
  },

  goWith(message, name, argument) {
    pending = message;
    page.go(name, argument);
  },

  // Consent may have been withdrawn or have expired in another tab: then the person is sent back to it.
  needsConsent(problem) {
    if (problem.slug !== 'consent-required') return false;
    page.goWith(notice('info', 'No searches yet', 'Agree below to start. If you searched here before, your consent has expired or everything was deleted.'), 'consent');
    return true;
  },
};

pending = signInOutcome(page);

async function startingPoint() {
  const consent = await api.consent();
  if (!consent.accepted) return ['consent'];
  const [searches, references] = await Promise.all([api.searches(), api.references()]);
  const running = searches.find(search => !hasEnded(search.status));
  if (running) return ['search', running.id];
  return [references.length > 0 ? 'album' : 'face'];
}

function route() {
  const [name, argument] = location.hash.slice(1).split('=');
  try {
    return [name, argument === undefined ? undefined : decodeURIComponent(argument)];
  } catch {
    // An address that was cut off, as in #search=%: the server's state decides.
    return [];
  }
}

async function show() {
  const mine = ++turn;
  let [name, argument] = route();
  // The skip link's target is no step.
  if (name === 'main') return;

  let view;
  try {
    if (!views[name] || (name === 'search' && !argument)) {
      [name, argument] = await startingPoint();
      history.replaceState(null, '', argument ? `#${name}=${encodeURIComponent(argument)}` : `#${name}`);
    }
    view = await views[name](page, argument);
  } catch (problem) {
    if (mine !== turn) return;
    if (page.needsConsent(problem)) return;
    if (name === 'search' && problem.status === 404) {
      page.goWith(notice('info', 'Search not found', 'It was deleted, or it belongs to someone else. You can start a new one.'), 'start');
      return;
    }
    view = unavailable(problem);
  }
  // A faster click has already asked for another step.
  if (mine !== turn) {
    view.leave?.();
    return;
  }

  shown.leave?.();
  const first = shown.node === undefined;
  shown = view;
  main.dataset.view = name;
  main.replaceChildren(view.node);
  if (pending) {
    main.querySelector('h1').after(pending);
    pending = undefined;
  }
  document.title = `${view.title} – FindMe`;
  for (const link of document.querySelectorAll('header.site nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  // After the first load the reader starts at the top by itself; later the new step's heading takes the focus.
  if (!first) {
    const heading = main.querySelector('h1');
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
  view.shown?.();
}

function unavailable(problem) {
  const again = element('button', { type: 'button', class: 'button', onclick: show }, 'Try again');
  return {
    title: 'Not available',
    node: element('section', { class: 'panel narrow' }, element('h1', {}, 'FindMe is not available'), problemNotice(problem, again)),
  };
}

// Anything that escapes a step is still said in words, never swallowed by the console.
addEventListener('unhandledrejection', event => {
  const problem = event.reason;
  if (problem?.slug === undefined || page.needsConsent(problem)) return;
  main.querySelector('h1')?.after(problemNotice(problem));
});

addEventListener('hashchange', show);
document.getElementById('delete-everything').addEventListener('click', () => confirmDeleteEverything(deleted => {
  announceNow('Everything about you was deleted.');
  page.goWith(deleted, 'consent');
}));
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
api.consent().then(consent => {
  document.getElementById('promise').textContent =
    `Your face is used to find you in the photos you name, and for nothing else. Everything is deleted after ${consent.days} days, or as soon as you say so.`;
}, () => {});
api.me().then(({ reportAbuse }) => {
  if (!reportAbuse) return;
  const address = reportAbuse.includes('://') ? reportAbuse : `mailto:${reportAbuse}`;
  document.querySelector('.foot-actions').prepend(element('a', { href: address, rel: 'noreferrer' }, 'Report misuse'));
}, () => {});
show();
