// Runs `npm ci` unless node_modules is as new as package-lock.json. Builds that run at the same time take turns:
// npm ci empties node_modules first, so a second one would pull the files from under the first one's compiler.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, utimesSync } from 'node:fs';

const lock = 'artifacts/npm-ci.lock';
const staleAfter = 10 * 60 * 1000; // ms; npm ci takes seconds, or a few minutes on a slow line
const installed = 'node_modules/.package-lock.json';
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const isFresh = () => modified(installed) >= modified('package-lock.json');
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

mkdirSync('artifacts', { recursive: true });
for (;;) {
  try {
    mkdirSync(lock);
    break;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (Date.now() - modified(lock) > staleAfter) rmSync(lock, { recursive: true, force: true });
    sleep(200);
  }
}

let status = 0;
try {
  if (!isFresh()) {
    const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit', shell: process.platform === 'win32' });
    status = npm.error?.code === 'ENOENT' ? 127 : npm.status ?? 1;
    if (status === 0) utimesSync(installed, new Date(), new Date());
  }
} finally {
  rmSync(lock, { recursive: true, force: true });
}
process.exit(status);
