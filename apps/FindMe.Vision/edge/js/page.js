// The page: what is fetched and how far, photos chosen, dropped or pasted, and who is in them. The work is the worker's.
import { placeBox } from './bounding-box.js';
import { element, replace } from './element.js';
import { notice } from './notice.js';
import { count, percent } from './words.js';

// Tags of strangers would cover each other in a crowd, and a list of them is long: then both are left out until somebody asks.
const CROWD = 8;

const find = id => document.getElementById(id);
const [choice, field, unusable, loading, progress, progressWords, setupAnswer] =
  ['people', 'people-field', 'unusable', 'loading', 'progress', 'progress-words', 'setup-answer'].map(find);
const [choose, input, results, named] = ['choose', 'photos', 'results', 'named'].map(find);
const photos = new Map();
// The name of the people who can be named; undefined before any can.
let ready;

const worker = new Worker('/edge/js/worker.js', { type: 'module' });
worker.onmessage = ({ data }) => {
  if (data.described) described(data.described, data.unusable);
  else if (data.progress !== undefined) fetched(data.progress, data.total);
  else if (data.ready !== undefined) prepared(data);
  else if (data.failed !== undefined) failed(data.failed);
  else if (data.decoded !== undefined) photos.get(data.decoded).show(data);
  else if (data.named !== undefined) photos.get(data.named).tell(data);
  else if (data.refused !== undefined) photos.get(data.refused).refuse(data.reason);
};
worker.onerror = event => {
  event.preventDefault();
  failed('This browser cannot do it: it needs WebAssembly with SIMD and OffscreenCanvas, as browsers have since 2023.');
};
worker.postMessage({ load: '/edge/recipe.json' });

function described(models, others) {
  replace(unusable, ...others.map(model => notice('info', `The people “${model.name}” cannot be named here.`, model.problem)));
  if (models.length === 0) {
    loading.hidden = true;
    replace(setupAnswer, notice('info', 'There is nobody here yet whom the page could name.',
      'The operator of this service creates the people file with “findme people train team/ -o team.findme --edge team.onnx”, and puts team.onnx into its people folder.'));
    return;
  }
  replace(choice, ...models.map(model => element('option', { value: model.name }, `${model.name} (${count(model.people, 'person', 'people')})`)));
  field.hidden = models.length === 1;
}

function fetched(bytes, total) {
  progress.value = bytes / total;
  replace(progressWords, `Fetching what is needed: ${megabytes(bytes)} of ${megabytes(total)} MB`);
}

const megabytes = bytes => (bytes / 1e6).toFixed(1);

function prepared({ ready: name, names }) {
  choice.value = name;
  loading.hidden = true;
  choice.disabled = false;
  ready = name;
  choose.hidden = false;
  replace(setupAnswer, notice('good', 'Ready. From here on the page needs no network.', `It can name ${listed(names)}.`));
  announce('Ready. Your photos stay on this device.');
}

const listed = names => (names.length > 12 ? `${count(names.length, 'person', 'people')}, ${names.slice(0, 8).join(', ')} among them` : new Intl.ListFormat('en').format(names));

function failed(reason) {
  loading.hidden = true;
  choice.disabled = false;
  if (ready) choice.value = ready;
  replace(setupAnswer, notice('problem', 'What is needed could not be fetched.', reason,
    ready ? 'The people who were chosen before can still be named.' : 'Reload the page to try again.'));
}

choice.addEventListener('change', () => {
  choice.disabled = true;
  loading.hidden = false;
  progress.removeAttribute('value');
  replace(setupAnswer);
  worker.postMessage({ people: choice.value });
});

input.addEventListener('change', () => {
  look([...input.files]);
  // Choosing the same file again must count as a choice.
  input.value = '';
});

addEventListener('paste', event => look([...event.clipboardData.files]));
addEventListener('dragover', event => {
  event.preventDefault();
  document.body.classList.toggle('dragging', Boolean(ready));
});
addEventListener('dragleave', event => {
  if (!event.relatedTarget) document.body.classList.remove('dragging');
});
addEventListener('drop', event => {
  // A photo that is dropped too early must not open in the page's place.
  event.preventDefault();
  document.body.classList.remove('dragging');
  look([...event.dataTransfer.files]);
});

function look(files) {
  if (!ready || files.length === 0) return;
  results.hidden = false;
  for (const file of files) {
    const id = photos.size;
    photos.set(id, new Photo(file.name || 'Photo'));
    worker.postMessage({ photo: id, file });
  }
  announce(`Looking at ${count(files.length, 'photo')}.`);
}

// One photo of the results.
class Photo {
  constructor(name) {
    this.name = name;
    this.frame = element('span', { class: 'photo', hidden: true });
    this.words = element('div', {}, element('p', { class: 'working' }, 'Looking for faces…'));
    this.figure = element('figure', {}, this.frame, element('figcaption', {}, element('p', { class: 'file' }, name), this.words));
    named.prepend(element('li', { class: 'panel' }, this.figure));
  }

  show({ image, width, height }) {
    Object.assign(this, { width, height });
    this.canvas = element('canvas', { width: image.width, height: image.height, role: 'img', 'aria-label': this.name });
    this.canvas.getContext('2d').drawImage(image, 0, 0);
    image.close();
    replace(this.frame, this.canvas);
    this.frame.hidden = false;
  }

  tell({ faces, milliseconds }) {
    const known = faces.filter(face => face.name !== 'unknown');
    const seconds = element('p', { class: 'small' }, `${(milliseconds / 1000).toFixed(1)} s on this device.`);
    const summary = faces.length === 0
      ? 'Nobody is to be seen.'
      : `${count(faces.length, 'face')}, ${known.length === 0 ? 'of nobody who is known here' : `${known.length} with a name`}.`;
    // From the left, as they stand in the photo.
    const inOrder = faces.toSorted((a, b) => a.box.x - b.box.x);
    const isCrowd = faces.length > CROWD;
    for (const face of inOrder) this.frame.append(this.boxOf(face, isCrowd));
    const strangers = inOrder.filter(face => face.name === 'unknown');
    replace(this.words, element('p', {}, summary),
      facesList('Faces, from the left', isCrowd ? inOrder.filter(face => !strangers.includes(face)) : inOrder),
      isCrowd && strangers.length > 0 && element('details', {}, element('summary', {}, `${strangers.length} unknown`), facesList('Unknown faces, from the left', strangers)),
      seconds);
    this.canvas.setAttribute('aria-label', `${this.name}: ${inOrder.map(face => face.name).join(', ') || 'nobody'}`);
    this.figure.dataset.faces = JSON.stringify(faces);
    announce(`${this.name}: ${summary} ${known.map(face => face.name).join(', ')}`);
  }

  boxOf(face, isCrowd) {
    const stranger = face.name === 'unknown';
    const right = face.box.x + face.box.width / 2 > this.width * 0.6 && 'left';
    const below = face.box.y < this.height * 0.12 && 'below';
    const tag = (!stranger || !isCrowd) && element('span', { class: ['tag', right, below].filter(Boolean).join(' ') }, stranger ? 'unknown' : `${face.name} ${sure(face)}`);
    return placeBox(element('span', { class: `box box-${stranger ? 'maybe' : 'match'}${isCrowd ? ' fine' : ''}`, 'aria-hidden': 'true' }, tag || ''), face.box, this);
  }

  refuse(reason) {
    this.frame.remove();
    this.figure.classList.add('refused');
    replace(this.words, notice('problem', `${this.name} was not looked at.`, reason));
  }
}

const facesList = (label, faces) => faces.length > 0 && element('ul', { class: 'faces', 'aria-label': label }, faces.map(face => element('li', {},
  element('span', { class: face.name === 'unknown' ? 'stranger' : 'who' }, face.name),
  element('span', { class: 'sure' }, sure(face)))));

// No comparison of faces is certain, so 0.998 is not rounded up to a promise.
const sure = face => percent(Math.min(face.probability, 0.99));

function announce(text) {
  find('announcer').textContent = text;
}
