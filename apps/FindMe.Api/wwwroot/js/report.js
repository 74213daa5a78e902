// The matches as a file for a trip report, made here from what the page already has.

const columns = ['photo', 'verdict', 'confidence', 'x', 'y', 'width', 'height', 'times', 'post', 'link'];

const rowOf = match => ({
  photo: match.photo.id,
  verdict: match.verdict === 'maybe' ? 'maybe' : 'sure',
  confidence: Number(match.confidence.toFixed(4)),
  ...match.box,
  // Seconds of the post's video, such as 3-6 12.5-14.
  times: (match.times ?? []).map(({ from, to }) => `${from}-${to}`).join(' '),
  post: match.post?.url ?? '',
  link: new URL(match.photo.url, location.href).href,
});

function cell(value) {
  let text = String(value ?? '');
  // A spreadsheet would run a name that begins like a formula.
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// RFC 4180; the byte order mark tells spreadsheets that it is UTF-8.
export function csv(matches) {
  const lines = [columns, ...matches.map(match => { const row = rowOf(match); return columns.map(column => row[column]); })];
  return `\ufeff${lines.map(line => line.map(cell).join(',')).join('\r\n')}\r\n`;
}

function save(search, extension, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = `findme-${search.query.replace(/[^\p{L}\p{N}]+/gu, '-')}-${search.createdAt.slice(0, 10)}.${extension}`;
  link.click();
  // The download has begun once the click is handled; the address may go a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export const saveCsv = (search, matches) => save(search, 'csv', 'text/csv', csv(matches));

export const saveJson = (search, matches) => save(search, 'json', 'application/json', JSON.stringify({
  source: search.source,
  query: search.query,
  started: search.createdAt,
  status: search.status,
  photos: search.photos,
  matches: matches.map(rowOf),
}, null, 2));
