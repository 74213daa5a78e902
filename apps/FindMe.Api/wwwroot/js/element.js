// Builds DOM nodes from plain calls: text is always text, so nothing that came from outside can become markup.

const SVG = 'http://www.w3.org/2000/svg';

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...present(children));
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren(...present(children));
}

// For an answer to what somebody did: on a phone it may lie above or below what is in view.
export function replaceInView(node, ...children) {
  replace(node, ...children);
  node.scrollIntoView({ block: 'nearest' });
}

const present = children => children.flat().filter(child => child !== undefined && child !== null && child !== false);

// A line icon of 24 × 24 that takes the colour of the text beside it.
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', width: 22, height: 22, class: 'icon', 'aria-hidden': 'true', focusable: 'false' })) {
    svg.setAttribute(name, value);
  }
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const icons = {
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  face: 'M4 9V6q0-2 2-2h3M15 4h3q2 0 2 2v3M20 15v3q0 2-2 2h-3M9 20H6q-2 0-2-2v-3M9 10h.01M15 10h.01M9 14.5q3 2.5 6 0',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  close: 'M6 6l12 12M18 6L6 18',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  check: 'M5 12.5l4.5 4.5L19 7',
  share: 'M12 15V3M8 7l4-4 4 4M6 11H5v9h14v-9h-1',
  undo: 'M9 5L4 10l5 5M4 10h11a5 5 0 0 1 0 10h-4',
  again: 'M20 12a8 8 0 1 1-2.5-5.8M20 3v4h-4',
};
