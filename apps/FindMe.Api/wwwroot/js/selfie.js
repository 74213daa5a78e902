// Step 2: the person's own face. Each photo is sent at once, and the answer is drawn on the preview.
import { avatarOffers } from './account.js';
import { api } from './api.js';
import { announceNow } from './announce.js';
import { boundingBox, placeBox } from './bounding-box.js';
import { cameraWords, openCamera } from './camera.js';
import { element, icon, icons, replace, replaceInView } from './element.js';
import { notice, problemNotice } from './notice.js';
import { referenceList } from './references.js';
import { sampleOffer } from './sample-face.js';
import { stepFrame } from './steps.js';
import { qualityWords, percent, sentence } from './words.js';

// iOS turns HEIC into JPEG by itself when only these are accepted.
const ACCEPTED = 'image/jpeg,image/png,image/webp';

// Longest side of the copy offered when a photo is too large, in pixels: faces stay far above the engine's smallest.
const SMALLER_COPY = 2000;

export async function selfieView(page) {
  const [references, me, sources] = await Promise.all([api.references(), api.me(), api.sources()]);

  const file = element('input', { type: 'file', id: 'photo', class: 'visually-hidden', accept: ACCEPTED, onchange: chosen });
  const stage = element('div', { class: 'viewfinder' });
  const answer = element('div', { class: 'answer' });
  const controls = element('p', { class: 'actions' },
    file,
    element('label', { class: 'button primary', for: 'photo' }, icon(icons.upload), 'Choose a photo'),
    element('button', { type: 'button', class: 'button', onclick: photograph }, icon(icons.camera), 'Use the camera'));
  // With a single album there is nothing to choose first.
  const albums = sources.find(source => source.name === 'album' && source.available)?.query.choices ?? [];
  const direct = albums.length === 1 && element('button', { type: 'button', class: 'button primary', onclick: searchAlbum }, element('span', {}, 'Find me in ', element('bdi', {}, albums[0].label)));
  const onward = element('a', { class: direct ? 'button' : 'button primary', href: '#album' }, direct ? 'Search elsewhere' : 'Choose the photos to search');
  const list = referenceList(page, references, listed => {
    onward.hidden = listed === 0;
    if (direct) direct.hidden = listed === 0;
  });
  let switchOff = () => {};
  let preview;
  // Counts photos sent and cameras opened: only the newest may change the page.
  let sending = 0;

  const sample = references.every(reference => reference.isSample) && sampleOffer(page, me.demo);

  idle();

  function idle() {
    stage.dataset.state = 'idle';
    replace(stage,
      element('div', { class: 'viewfinder-hint' },
        icon(icons.face),
        element('p', {}, 'Drop a photo of yourself here, paste one, or use the buttons below.'),
        element('p', { class: 'small' }, 'One face, from the front, in good light, works best.')));
  }

  function chosen() {
    if (file.files.length > 0) send(file.files[0]);
    // Choosing the same file again must count as a choice.
    file.value = '';
  }

  async function photograph() {
    switchOff();
    replace(answer);
    const mine = ++sending;
    try {
      stage.dataset.state = 'camera';
      const off = await openCamera(stage, { taken: photo => send(photo), cancelled: idle, isWanted: () => mine === sending });
      if (mine === sending) switchOff = off;
      else off();
    } catch (error) {
      if (mine !== sending) return;
      idle();
      replace(answer, notice('problem', 'No camera', cameraWords(error)));
    }
  }

  async function send(photo, face, replacing = false) {
    switchOff();
    const mine = ++sending;
    const image = show(photo);
    stage.dataset.state = 'sending';
    replace(answer, element('p', { class: 'working' }, 'Looking for your face…'));
    announceNow('Looking for your face.');
    try {
      const reference = await api.addReference(photo, face, replacing);
      if (mine !== sending) return;
      stage.dataset.state = 'done';
      image.after(boundingBox(reference.box, reference, 'match'));
      accepted(reference, photo, replacing);
    } catch (problem) {
      if (mine !== sending || page.needsConsent(problem)) return;
      stage.dataset.state = 'refused';
      if (problem.slug === 'several-faces') pick(photo, image, problem);
      else if (problem.slug === 'needs-another-photo') waiting(problem, photo);
      else refused(photo, problem, () => send(photo, face, true));
    }
  }

  // Kept, and not used until another photo looks like it and like the earlier ones.
  function waiting(problem, photo) {
    replace(answer, notice('info', problem.title, problem.detail));
    announceNow(`${problem.title} ${problem.detail}`);
    list.add(problem.members.reference, photo);
  }

  function show(photo) {
    if (preview) URL.revokeObjectURL(preview);
    preview = URL.createObjectURL(photo);
    const image = element('img', { src: preview, alt: 'The photo you chose' });
    // A file that is no image has no preview; the server's answer says why.
    image.addEventListener('error', idle);
    replace(stage, element('div', { class: 'preview' }, image));
    return image;
  }

  async function accepted(reference, photo, replacing) {
    // A selfie takes the place of a sample face.
    if (replacing || references.some(earlier => earlier.isSample)) list.clear();
    references.length = 0;
    // It is for visitors without a selfie.
    if (sample) sample.hidden = true;
    const words = notice('good', 'This photo works', `${qualityWords(reference.quality)}, ${percent(reference.quality)}.`,
      ...reference.warnings.map(sentence));
    replaceInView(answer, words);
    announceNow(`This photo works. ${qualityWords(reference.quality)}. ${reference.warnings.map(sentence).join(' ')}`);
    list.add(reference, photo);
    (direct || onward).focus({ preventScroll: true });
    // One that waited may be used now.
    list.mark(await api.references());
  }

  function pick(photo, image, problem) {
    const { faces, width, height } = problem.members;
    const buttons = faces.map((face, index) =>
      placeBox(element('button', {
        type: 'button',
        class: 'pick',
        'aria-label': `Face ${index + 1} of ${faces.length}, from the left`,
        onclick: () => send(photo, index),
      }, element('span', { class: 'pick-number', 'aria-hidden': 'true' }, String(index + 1))), face, { width, height }));
    image.after(element('div', { class: 'picks', role: 'group', 'aria-label': 'Which face is yours?' }, buttons));
    replaceInView(answer, notice('info', 'Which face is yours?',
      `There are ${faces.length} faces in this photo. Press the box round your own; the others are not kept.`));
    announceNow(`There are ${faces.length} faces in this photo. Which is yours?`);
    buttons[0]?.focus({ preventScroll: true });
  }

  function refused(photo, problem, replaceEarlier) {
    if (problem.slug === 'another-person') {
      replaceInView(answer, problemNotice(problem, element('button', { type: 'button', class: 'button', onclick: replaceEarlier }, 'Replace the earlier ones'),
        element('p', { class: 'small' }, 'That deletes them and cancels their searches.')));
      return;
    }
    const shrink = problem.slug === 'too-large' &&
      element('button', { type: 'button', class: 'button', onclick: () => sendSmaller(photo) }, 'Send a smaller copy');
    replaceInView(answer, shrink ? problemNotice(problem, shrink) : problemNotice(problem));
  }

  async function sendSmaller(photo) {
    try {
      send(await smallerCopy(photo));
    } catch {
      replaceInView(answer, notice('problem', 'This photo cannot be made smaller here', 'Choose another one.'));
    }
  }

  async function searchAlbum() {
    direct.disabled = true;
    try {
      page.go('search', (await api.startSearch({ source: 'album', query: albums[0].value })).id);
    } catch (problem) {
      direct.disabled = false;
      if (!page.needsConsent(problem)) replaceInView(answer, problemNotice(problem));
    }
  }

  function dropped(event) {
    event.preventDefault();
    stage.classList.remove('over');
    const photo = event.dataTransfer?.files[0];
    if (photo) send(photo);
  }

  function over(event) {
    event.preventDefault();
    stage.classList.add('over');
  }

  const out = () => stage.classList.remove('over');

  function pasted(event) {
    const photo = [...event.clipboardData.files].find(item => item.type.startsWith('image/'));
    if (photo) send(photo);
  }

  const offers = avatarOffers(page, me, {
    taken: (reference, replacing) => accepted(reference, undefined, replacing),
    refused: (problem, replaceEarlier) => (problem.slug === 'needs-another-photo' ? waiting(problem) : refused(undefined, problem, replaceEarlier)),
  });
  const selfies = references.filter(reference => !reference.isSample);
  const node = stepFrame('face', selfies.length > 0 ? "You're all set" : 'Show your face, once.',
    selfies.length > 0
      ? 'Continue to the photos, or add another selfie: with and without glasses, from another side. More selfies find more.'
      : 'One selfie is enough. You see at once whether it works.',
    element('h2', {}, selfies.length > 0 ? 'Add another selfie' : 'Your selfie'),
    answer, element('p', { class: 'actions' }, direct, onward), stage, controls, sample, offers, list.node);

  return {
    title: 'Your face',
    node,
    shown() {
      // Dropping beside the frame would make the browser leave the page.
      addEventListener('dragover', over);
      addEventListener('dragleave', out);
      addEventListener('drop', dropped);
      addEventListener('paste', pasted);
    },
    leave() {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', out);
      removeEventListener('drop', dropped);
      removeEventListener('paste', pasted);
      sending++;
      switchOff();
      list.leave();
    },
  };
}

async function smallerCopy(photo) {
  const image = await createImageBitmap(photo);
  const scale = Math.min(1, SMALLER_COPY / Math.max(image.width, image.height));
  const canvas = element('canvas');
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob(copy => (copy ? resolve(copy) : reject(new Error('The copy is empty'))), 'image/jpeg', 0.9));
}
