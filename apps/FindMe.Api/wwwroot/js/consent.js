// Step 1: the separate consent to facial recognition, with its full text folded.
import { api } from './api.js';
import { element, replace } from './element.js';
import { notice, problemNotice } from './notice.js';
import { stepFrame } from './steps.js';

export async function consentView(page) {
  const consent = await api.consent();

  const tick = element('input', { type: 'checkbox', id: 'own-face', required: true });
  const answer = element('div', { class: 'answer' });
  const missing = element('p', { class: 'field-problem', id: 'own-face-problem' });

  const form = element('form', { novalidate: true, onsubmit: agree },
    element('label', { class: 'tick', for: 'own-face' }, tick, element('span', {}, consent.statement)),
    missing,
    element('p', { class: 'actions' },
      element('button', { type: 'submit', class: 'button primary' }, 'I agree: find my face'),
      element('button', { type: 'button', class: 'button quiet', onclick: decline }, 'No, thank you')),
    answer);

  tick.addEventListener('change', () => {
    missing.textContent = '';
    tick.removeAttribute('aria-invalid');
    tick.removeAttribute('aria-describedby');
  });

  async function agree(event) {
    event.preventDefault();
    replace(answer);
    if (!tick.checked) {
      missing.textContent = 'Tick the box first: FindMe looks for your own face only.';
      tick.setAttribute('aria-invalid', 'true');
      tick.setAttribute('aria-describedby', missing.id);
      tick.focus();
      return;
    }
    try {
      await api.agree(consent.version);
      page.go('start');
    } catch (problem) {
      replace(answer, problemNotice(problem));
    }
  }

  function decline() {
    const words = notice('info', 'No problem',
      'Without your consent FindMe computes nothing from any face, so it cannot look for you. Nothing was sent, and nothing is kept.',
      'You can change your mind here at any time.');
    words.tabIndex = -1;
    tick.checked = false;
    replace(answer, words);
    words.focus();
  }

  return {
    title: 'Before we start',
    node: stepFrame('consent', 'Every photo you are in, found for you.',
      'Show your face once, name a hashtag or an album, and watch your photos appear.',
      element('h2', {}, consent.title),
      element('ul', { class: 'consent-summary' }, consent.summary.map(line => element('li', {}, line))),
      element('details', { class: 'consent-details' }, element('summary', {}, 'Details'), consentText(consent)),
      consent.accepted
        ? element('p', { class: 'actions' }, element('a', { class: 'button primary', href: '#face' }, 'You have agreed. Continue'))
        : form),
  };
}

export const consentText = consent => element('dl', { class: 'terms' },
  consent.sections.map(section => element('div', {}, element('dt', {}, section.title), element('dd', {}, section.body))));
