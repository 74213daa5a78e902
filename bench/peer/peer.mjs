// Runs face-api.js in Node as documented: sharp decodes, TensorFlow.js computes in WebAssembly. Reads paths of photos from standard input,
// one per line, and prints a line of JSON for each; the first line describes the platform. An empty line stops it.
//
// FindMe.Evaluation's verbs `peer` and `cold` start it. Times are in milliseconds, without reading the file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const installed = createRequire(import.meta.url);
const faceApiFolder = dirname(installed.resolve('@vladmandic/face-api/package.json'));
const tf = installed('@tensorflow/tfjs');
const wasm = installed('@tensorflow/tfjs-backend-wasm');
const sharp = installed('sharp');
const faceapi = installed(join(faceApiFolder, 'dist/face-api.node-wasm.js'));
const imported = performance.now();

// One thread for both programs, since WebAssembly in Node has only one.
sharp.concurrency(1);
sharp.cache(false);
wasm.setWasmPaths(`${dirname(installed.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
await tf.setBackend('wasm');
await tf.ready();
const backend = performance.now();
const models = join(faceApiFolder, 'model');
await Promise.all([
  faceapi.nets.ssdMobilenetv1.loadFromDisk(models),
  faceapi.nets.faceLandmark68Net.loadFromDisk(models),
  faceapi.nets.faceRecognitionNet.loadFromDisk(models),
]);
const loaded = performance.now();

// The defaults, made explicit.
const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 });

async function analyze(photo) {
  const begin = performance.now();
  const processor = process.cpuUsage();
  const { data, info } = await sharp(photo).rotate().flatten({ background: 'white' }).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const decoded = performance.now();
  const tensor = tf.tensor3d(data, [info.height, info.width, 3], 'int32');
  const found = await faceapi.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
  tensor.dispose();
  const end = performance.now();
  const { user, system } = process.cpuUsage(processor);
  return {
    ms: end - begin,
    processorMs: (user + system) / 1000,
    decodeMs: decoded - begin,
    faces: found.map(({ detection: { box, score }, descriptor }) => ({
      box: [box.x, box.y, box.width, box.height],
      score,
      descriptor: Array.from(descriptor),
    })),
  };
}

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({
  faceApi: faceapi.version,
  tfjs: tf.version.tfjs,
  backend: tf.getBackend(),
  simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'),
  threads: await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'),
  sharp: sharp.versions.sharp,
  node: process.versions.node,
  importMs: imported,
  backendMs: backend - imported,
  modelsMs: loaded - backend,
});
for await (const path of createInterface({ input: process.stdin })) {
  if (path === '') break;
  try {
    say({ ...(await analyze(readFileSync(path))), rss: process.memoryUsage().rss });
  } catch (error) {
    say({ error: String(error.message).split('\n')[0] });
  }
}
process.exit(0);
