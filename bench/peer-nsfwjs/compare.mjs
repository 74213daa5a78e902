// node compare.mjs NSFWJS.json FINDME.jsonl: compares the output of `findme classify --json --top 5` with nsfwjs'.
import { readFileSync } from 'node:fs';

const theirs = JSON.parse(readFileSync(process.argv[2]));
let [count, sameTop, largest, where] = [0, 0, 0, ''];
for (const line of readFileSync(process.argv[3], 'utf8').trim().split('\n')) {
  const { image, results } = JSON.parse(line);
  const expected = theirs[image];
  const top = Object.entries(expected).sort(([, a], [, b]) => b - a)[0][0];
  count++;
  sameTop += results[0].className === top ? 1 : 0;
  for (const { className, probability } of results) {
    const difference = Math.abs(probability - expected[className]);
    [largest, where] = difference > largest ? [difference, image] : [largest, where];
  }
}
console.log(`${count} pictures, same top class ${sameTop}, largest difference of a probability ${largest.toExponential(1)} (${where})`);
