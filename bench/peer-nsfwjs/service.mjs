// node service.mjs [CALLS] FILE.jpg…: starts FindMe.Vision, and measures the client-side time of the first and later calls of
// POST /classify, one at a time, and the memory of the process. Sends pictures in base64, as the service of 2018 required.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const calls = Number(process.argv[2]);
const bodies = process.argv.slice(3).map(file => JSON.stringify({ image: readFileSync(file).toString('base64') }));
// VISION: a published FindMe.Vision.dll.
const app = process.env.VISION ?? fileURLToPath(new URL('../../artifacts/bin/FindMe.Vision/release/FindMe.Vision.dll', import.meta.url));
const started = performance.now();
const vision = spawn('dotnet', [app, '--urls', 'http://127.0.0.1:0'], { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const address = await new Promise((resolve, reject) => {
    let output = '';
    vision.on('exit', code => reject(new Error(`FindMe.Vision ended with ${code}`)));
    vision.stdout.on('data', data => {
      output += data;
      const found = output.match(/Now listening on: (http:\/\/[^\s"]+)/);
      if (found) {
        resolve(found[1]);
      }
    });
  });
  const classify = async body => {
    const from = performance.now();
    const response = await fetch(`${address}/classify`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = await response.json();
    return { time: performance.now() - from, ...answer };
  };
  const ready = performance.now() - started;
  const first = await classify(bodies[0]);
  const cold = performance.now() - started;
  console.log(`ready after ${ready.toFixed(0)} ms, first answer after ${cold.toFixed(0)} ms since the process began (${first.time.toFixed(0)} ms of it the call, ${first.timings.total.toFixed(0)} ms of that decoding and classifying)`);
  const [times, inside, memory] = [[], [], []];
  for (let i = 0; i < calls; i++) {
    const { time, timings, memory: { rss, managed } } = await classify(bodies[i % bodies.length]);
    times.push(time);
    inside.push(timings.total);
    if (i + 1 === 100 || (i + 1) % 250 === 0) {
      memory.push(`${i + 1}: ${(rss / 1e6).toFixed(0)} MB (managed ${(managed / 1e6).toFixed(0)})`);
    }
  }
  const share = (values, part) => [...values].sort((a, b) => a - b)[Math.floor(values.length * part)].toFixed(1);
  console.log(`warm, ${calls} calls: median ${share(times, 0.5)} ms, 95 % ${share(times, 0.95)} ms; inside the service median ${share(inside, 0.5)} ms`);
  console.log(`RSS after calls ${memory.join(', ')}`);
} finally {
  vision.kill();
}
