// node people-truth.mjs TRUTH.csv NAMES.jsonl: measures the accuracy of `findme people name --json` on an event's photos (person,file,contains).
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const folder = dirname(resolve(process.argv[2]));
const named = new Map(readFileSync(process.argv[3], 'utf8').trim().split('\n').map(line => JSON.parse(line))
  .map(({ image, faces }) => [resolve(image), new Set(faces.map(face => face.name))]));
const [counts, all] = [new Map(), { right: 0, wrong: 0, missed: 0 }];
for (const line of readFileSync(process.argv[2], 'utf8').trim().split(/\r?\n/).slice(1)) {
  const [person, file, contains] = line.split(',');
  const names = named.get(resolve(folder, file));
  if (names) {
    const count = counts.get(person) ?? counts.set(person, { right: 0, wrong: 0, missed: 0 }).get(person);
    const kind = contains === '1' ? (names.has(person) ? 'right' : 'missed') : (names.has(person) ? 'wrong' : null);
    if (kind) {
      count[kind]++;
      all[kind]++;
    }
  }
}
for (const [person, { right, wrong, missed }] of [...counts, ['all', all]]) {
  console.log(`${person}: ${right} photos named rightly, ${wrong} wrongly, ${missed} missed`);
}
