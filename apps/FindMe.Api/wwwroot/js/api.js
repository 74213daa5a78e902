// The REST API as the page sees it. Whatever goes wrong arrives as a Problem, so each step can say it in words where it happened.

export class Problem extends Error {
  constructor({ type = '', title = '', detail = '', status = 0, ...members }) {
    super(title || detail);
    // RFC 9457 types are URIs; the page compares the last segment, so that the host they are documented on may change.
    this.slug = type.split(/[#?]/)[0].split('/').filter(Boolean).pop() ?? '';
    this.title = title;
    this.detail = detail;
    this.status = status;
    this.members = members;
  }
}

const noAnswer = () => new Problem({ type: 'no-answer', title: 'FindMe does not answer', detail: 'Check your connection and try again; nothing was lost.' });

// A proxy in between may refuse a large upload on its own, without the API's words.
const refusal = (status, answer) => new Problem({
  ...(status === 413
    ? { type: 'too-large', title: 'This is too large', detail: 'Send a smaller file.' }
    : { type: 'unexpected', title: 'Something went wrong', detail: `The server answered ${status}.` }),
  ...answer,
  status,
});

async function send(method, path, body, headers = {}, more = {}) {
  const request = { ...more, method, headers: { accept: 'application/json', ...headers } };
  if (body instanceof FormData) {
    request.body = body;
  } else if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers['content-type'] = 'application/json';
  }

  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw noAnswer();
  }

  const answer = await response.json().catch(() => undefined);
  if (!response.ok) {
    throw refusal(response.status, answer);
  }
  return answer;
}

// Half of the 64 kiB that requests which outlive their page may have in all: https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
const MOST_KEPT_ALIVE = 32_000;

const search = id => `/api/searches/${encodeURIComponent(id)}`;

export const api = {
  consent: () => send('GET', '/api/consent'),
  agree: version => send('POST', '/api/consent', { version }),
  references: () => send('GET', '/api/references'),
  deleteReference: id => send('DELETE', `/api/references/${encodeURIComponent(id)}`),
  sources: () => send('GET', '/api/sources'),
  searches: () => send('GET', '/api/searches'),
  // within: also what is no nearer than that, with the verdict "no".
  search: (id, within) => send('GET', within === undefined ? search(id) : `${search(id)}?within=${within}`),
  // Sent to its end even if the page goes away meanwhile, as far as browsers do that.
  judge: (id, judgements) => send('POST', `${search(id)}/judgements`, { judgements }, {}, { keepalive: JSON.stringify(judgements).length < MOST_KEPT_ALIVE }),
  // photos: the short ids of some that were found; none: all of them.
  exportAddress: (id, format, photos = []) => `${search(id)}/export?format=${format}${photos.length > 0 ? `&photos=${photos.join()}` : ''}`,
  startSearch: wish => send('POST', '/api/searches', wish),
  continueSearch: (id, wish = {}) => send('POST', `${search(id)}/continue`, wish),
  retrySkipped: id => send('POST', `${search(id)}/retry`),
  estimate: wish => send('POST', '/api/searches/estimate', wish),
  // keepalive: sent to its end even if the page goes away meanwhile.
  deleteSearch: (id, keepalive = false) => send('DELETE', search(id), undefined, {}, { keepalive }),
  report: id => send('GET', `${search(id)}/report`),
  saveReport: (id, report, version) => send('PUT', `${search(id)}/report`, report, { 'if-match': `"${version}"` }),
  shares: id => send('GET', `${search(id)}/shares`),
  share: (id, wish) => send('POST', `${search(id)}/shares`, wish),
  revokeShare: (id, token) => send('DELETE', `${search(id)}/shares/${encodeURIComponent(token)}`),
  events: id => new EventSource(`${search(id)}/events`),
  deleteMe: () => send('DELETE', '/api/me'),
  me: () => send('GET', '/api/me'),
  startSignIn: (network, instance) => send('POST', `/api/sign-in/${encodeURIComponent(network)}`, { instance }),
  redeemSignIn: () => send('POST', '/api/sign-in'),
  cancelSignIn: () => send('DELETE', '/api/sign-in'),
  linkAccount: ({ network, handle }, moveHere) => send('POST', '/api/accounts', { network, handle, moveHere }),
  signInWithBluesky: (handle, appPassword, moveHere) => send('POST', '/api/accounts/bluesky', { handle, appPassword, moveHere }),
  browserCode: () => send('POST', '/api/me/browser-code'),
  enterBrowserCode: (code, discard) => send('POST', '/api/me/browsers', { code, discard }),
  signOutOtherBrowsers: () => send('DELETE', '/api/me/browsers'),
  signOut: network => send('DELETE', `/api/accounts/${encodeURIComponent(network)}`),
  addFoundPhoto: (search, photo) => send('POST', '/api/references/from-photo', { search, photo }),
  addSample: () => send('POST', '/api/references/sample'),
  addAvatar: (network, replace) => send('POST', '/api/references/from-avatar', { network, replace }),

  deleteUpload: id => send('DELETE', `/api/uploads/${encodeURIComponent(id)}`),

  // fetch tells nothing of how much was sent.
  upload: (file, name, progress) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/uploads');
    request.setRequestHeader('content-type', 'application/zip');
    // RFC 6266; quotes and parentheses are not for a header's name.
    if (name) request.setRequestHeader('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, sign => `%${sign.charCodeAt(0).toString(16)}`)}`);
    request.responseType = 'json';
    request.upload.onprogress = event => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => (request.status < 300
      ? resolve(request.response)
      : reject(refusal(request.status, request.response)));
    request.onerror = () => reject(noAnswer());
    request.send(file);
  }),

  addReference(photo, face, replace) {
    const form = new FormData();
    form.append('photo', photo, photo.name ?? 'selfie.jpg');
    if (face !== undefined) form.append('face', String(face));
    if (replace) form.append('replace', 'true');
    return send('POST', '/api/references', form);
  },
};
