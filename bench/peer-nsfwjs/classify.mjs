// Classifies pictures with nsfwjs, output as JSON: node classify.mjs [--repeat N] [--png DIR] FILE.jpg…
// --repeat: prints the time of a cold and a warm call on stderr, from the file's bytes to the classes.
// --png: writes the classified pixels, so that another program can use the same ones, regardless of its JPEG decoder.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32, deflateSync } from 'node:zlib';

const started = performance.timeOrigin;
const files = process.argv.slice(2);
const take = name => (files.includes(name) ? files.splice(files.indexOf(name), 2)[1] : undefined);
const repeat = Number(take('--repeat') ?? 0);
const png = take('--png');

const tf = await import('@tensorflow/tfjs');
const wasm = await import('@tensorflow/tfjs-backend-wasm');
const jpeg = (await import('jpeg-js')).default;
const { load } = await import('nsfwjs/core');
const { MobileNetV2Model } = await import('nsfwjs/models/mobilenet_v2');

console.info = () => {};
wasm.setWasmPaths(new URL('./node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
await tf.setBackend('wasm');
const network = await load('MobileNetV2', { modelDefinitions: [MobileNetV2Model] });

// PNG (W3C): signature, then chunks of length, type, data and checksum; rows of red, green, blue, unfiltered.
function toPng({ data, width, height }) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * width * 3, (y + 1) * width * 3), y * (1 + width * 3) + 1);
  }
  const chunk = (type, content) => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

async function classify(bytes, savePng) {
  const { data, width, height } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false, maxMemoryUsageInMB: 2048 });
  if (savePng) {
    writeFileSync(savePng, toPng({ data, width, height }));
  }
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
  const saved = png && join(png, `${basename(file)}.png`);
  results[saved ?? file] = Object.fromEntries((await classify(readFileSync(file), saved)).map(({ className, probability }) => [className, probability]));
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
