// Does the work beside the page, so that the page never stands still: fetches the models once, then names photos. Nothing is sent.
// Told: {load: address of the recipe}, {people: name}, {photo: id, file}. Says: {described}, {progress}, {ready}, {failed}, {decoded}, {named}, {refused}.
import * as ort from '../ort/ort.wasm.bundle.min.mjs';
import { Engine } from './engine.js';
import { round } from './picture.js';

// Longest side of the copy that is shown, in pixels.
const SHOWN_SIDE = 1600;

let description;
let detector;
let landmarks;
let people;

// One thing after another, in the order in which they were asked for.
let turn = Promise.resolve();
self.onmessage = ({ data }) => {
  turn = turn.then(() => answer(data));
};

async function answer(message) {
  if (message.photo !== undefined) await namePhoto(message.photo, message.file);
  else await load(message);
}

async function load(message) {
  try {
    if (!description) {
      const response = await fetch(message.load);
      const described = await response.json();
      if (!response.ok) throw new Error(`${described.title} ${described.detail}`);
      const usable = described.people.filter(model => !model.problem);
      self.postMessage({
        described: usable.map(model => ({ name: model.name, people: model.people.length - 1 })),
        unusable: described.people.filter(model => model.problem),
      });
      if (usable.length === 0) return;
      description = { ...described, people: usable };
    }
    const wanted = description.people.find(model => model.name === message.people) ?? description.people[0];
    const fetched = new Progress([...(detector ? [] : [description.runtime, description.detector, description.landmarks]), wanted.file]);
    if (!detector) {
      // One thread: more would need the page to be cut off from every other site, for a few tenths of a second.
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.wasmBinary = await fetched.get(description.runtime);
      landmarks = await open(await fetched.get(description.landmarks));
      detector = await open(await fetched.get(description.detector));
    }
    const next = { names: wanted.people, session: await open(await fetched.get(wanted.file)) };
    await people?.session.release();
    people = next;
    self.postMessage({ ready: wanted.name, names: wanted.people.slice(0, -1) });
  } catch (error) {
    self.postMessage({ failed: error instanceof TypeError ? 'Could not reach the server. Check your connection and try again.' : error.message });
  }
}

const open = model => ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ['wasm'], enableMemPattern: false, logSeverityLevel: 3 });

// Fetches files and says how far all of them together have come.
class Progress {
  constructor(files) {
    this.total = files.reduce((sum, file) => sum + file.bytes, 0);
    this.loaded = 0;
  }

  async get(file) {
    const response = await fetch(file.address);
    if (!response.ok) throw new Error(`The server does not give ${file.address} (${response.status}).`);
    const bytes = new Uint8Array(file.bytes);
    let length = 0;
    for (let reader = response.body.getReader(), part; !(part = await reader.read()).done;) {
      if (length + part.value.length > bytes.length) throw new Error(`${file.address} changed meanwhile. Reload the page.`);
      bytes.set(part.value, length);
      length += part.value.length;
      self.postMessage({ progress: this.loaded + length, total: this.total });
    }
    if (length < bytes.length) throw new Error(`${file.address} was cut off. Reload the page.`);
    this.loaded += length;
    return bytes.buffer;
  }
}

async function namePhoto(id, file) {
  const started = performance.now();
  try {
    const picture = await decode(id, file);
    const engine = new Engine(description.recipe, networks());
    const faces = await engine.name(picture, people.names);
    self.postMessage({ named: id, faces, milliseconds: performance.now() - started });
  } catch (error) {
    self.postMessage({ refused: id, reason: error instanceof Refusal ? error.message : `This photo could not be looked at (${error.message}). Try a smaller one.` });
  }
}

class Refusal extends Error {}

// The pixels as they are stored, upright, no larger than the engine looks at; transparent parts are white, as on a page.
async function decode(id, file) {
  const { maxBytes, maxPixels, workingSide } = description.recipe.photo;
  if (file.size > maxBytes) throw new Refusal(`This file has ${Math.round(file.size / 1e6)} MB: up to ${Math.round(maxBytes / 1e6)} MB can be read.`);
  let photo;
  try {
    photo = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  } catch {
    throw new Refusal('This file cannot be read as a picture. It may be damaged, or of a kind this browser does not know: try a JPEG, PNG or WebP.');
  }
  // A photo's pixels may be 200 MB: closed, they are gone at once, and not when the browser gets round to it.
  let seen;
  try {
    const { width, height } = photo;
    if (width * height > maxPixels) throw new Refusal(`This photo has ${Math.round(width * height / 1e6)} megapixels: up to ${Math.round(maxPixels / 1e6)} can be read.`);

    seen = await shrink(photo, workingSide);
    const canvas = new OffscreenCanvas(seen.width, seen.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.fillStyle = 'white';
    context.fillRect(0, 0, seen.width, seen.height);
    context.drawImage(seen, 0, 0);
    const picture = {
      width: seen.width,
      height: seen.height,
      pixels: context.getImageData(0, 0, seen.width, seen.height).data,
      scaleX: width / seen.width,
      scaleY: height / seen.height,
    };
    const shown = await shrink(seen, SHOWN_SIDE);
    self.postMessage({ decoded: id, image: shown, width, height }, [shown]);
    return picture;
  } finally {
    photo.close();
    seen?.close();
  }
}

function shrink(bitmap, side) {
  const scale = side / Math.max(bitmap.width, bitmap.height);
  return scale >= 1 ? createImageBitmap(bitmap) : createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, round(bitmap.width * scale)),
    resizeHeight: Math.max(1, round(bitmap.height * scale)),
    resizeQuality: 'high',
  });
}

function networks() {
  const { detection, landmarks: points, alignment, naming } = description.recipe;
  return {
    async detect(planes, width, height) {
      const outputs = await detector.run({ [detection.input]: new ort.Tensor('float32', planes, [1, 3, height, width]) });
      return { boxes: outputs[detection.boxes].data, scores: outputs[detection.scores].data };
    },
    async landmarks(planes) {
      const outputs = await landmarks.run({ [points.input]: new ort.Tensor('float32', planes, [1, 3, points.side, points.side]) });
      return outputs[points.output].data;
    },
    async people(chip) {
      const input = new ort.Tensor('float32', chip, [1, 3, alignment.side, alignment.side]);
      const outputs = await people.session.run({ [naming.input]: input }, [naming.probabilities]);
      return outputs[naming.probabilities].data;
    },
  };
}
