// Converts a manifest of labelled pictures to folders for `findme people train`: node people-folders.mjs MANIFEST.csv TARGET [--least 5] [--only PREFIX]
// People with at least that many pictures get a folder; all others get a folder below `unknown`, as do pictures without people. Creates links.
// Omits group pictures without annotated members, since these may be known people.
// With a TRUTH.csv (person,file,contains) instead of a manifest, photos of exactly one of the people go to that person, and photos of none of
// them to `unknown`.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const [table, target, ...rest] = process.argv.slice(2);
const option = (name, otherwise) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : otherwise);
const least = Number(option('--least', '5'));
const only = option('--only', '');
const folder = dirname(resolve(table));

function read(path) {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/)
    .map(line => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(match => match[1].replace(/^"|"$/g, '').replaceAll('""', '"')));
  return lines.map(line => Object.fromEntries(head.map((name, column) => [name, line[column]])));
}

function pictures() {
  const rows = read(table).filter(row => row.file.startsWith(only));
  if (!('contains' in rows[0])) {
    return rows.filter(row => row.label && !row.label.includes('not annotated')).map(row => [row.file, row.label]);
  }
  const shown = new Map();
  for (const { person, file, contains } of rows) {
    shown.set(file, [...(shown.get(file) ?? []), ...(contains === '1' ? [person] : [])]);
  }
  return [...shown].filter(([, people]) => people.length < 2).map(([file, people]) => [file, people[0] ?? `no one ${file}`]);
}

const byLabel = new Map();
for (const [file, label] of pictures()) {
  byLabel.set(label, [...(byLabel.get(label) ?? []), file]);
}

let [people, strangers] = [0, 0];
for (const [label, files] of byLabel) {
  const known = files.length >= least && !label.includes(' ');
  const into = join(target, ...(known ? [] : ['unknown']), label.replaceAll('/', '_'));
  mkdirSync(into, { recursive: true });
  for (const file of files) {
    symlinkSync(join(folder, file), join(into, file.replaceAll('/', '_')));
  }
  known ? people++ : strangers++;
}
console.log(`${people} people, ${strangers} others`);
