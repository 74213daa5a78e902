// Pictures → what nsfwjs says of each, as JSON: node classify.mjs [--repeat N] FILE.jpg…
// One line on stderr says how long a cold and a warm call take, from the file's bytes to the classes.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const started = performance.timeOrigin;
const files = process.argv.slice(2);
const repeat = files[0] === '--repeat' ? Number(files.splice(0, 2)[1]) : 0;

const tf = await import('@tensorflow/tfjs');
const wasm = await import('@tensorflow/tfjs-backend-wasm');
const jpeg = (await import('jpeg-js')).default;
const { load } = await import('nsfwjs/core');
const { MobileNetV2Model } = await import('nsfwjs/models/mobilenet_v2');

console.info = () => {};
wasm.setWasmPaths(new URL('./node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
await tf.setBackend('wasm');
const network = await load('MobileNetV2', { modelDefinitions: [MobileNetV2Model] });

async function classify(bytes) {
  const { data, width, height } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false, maxMemoryUsageInMB: 2048 });
  const image = tf.tensor3d(data, [height, width, 3], 'int32');
  try {
    return await network.classify(image);
  } finally {
    image.dispose();
  }
}

const results = {};
let cold;
for (const file of files) {
  results[file] = Object.fromEntries((await classify(readFileSync(file))).map(({ className, probability }) => [className, probability]));
  cold ??= performance.timeOrigin + performance.now() - started;
}

if (repeat > 0) {
  const times = [];
  for (let i = 0; i < repeat; i++) {
    const bytes = readFileSync(files[i % files.length]);
    const from = performance.now();
    await classify(bytes);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  console.error(`nsfwjs: cold ${cold.toFixed(0)} ms since the process began; warm median ${times[repeat >> 1].toFixed(1)} ms over ${repeat} calls; `
    + `RSS ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
}
console.log(JSON.stringify(results, null, 1));
