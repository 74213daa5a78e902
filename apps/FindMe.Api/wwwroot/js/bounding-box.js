// The box round a face, placed in per cent of the photo, so that it fits at every size the photo is shown.
import { element } from './element.js';

// box: pixels of the upright photo; photo: {width, height} in the same pixels.
export function placeBox(node, box, photo) {
  const share = (length, whole) => `${(100 * length) / whole}%`;
  node.style.left = share(box.x, photo.width);
  node.style.top = share(box.y, photo.height);
  node.style.width = share(box.width, photo.width);
  node.style.height = share(box.height, photo.height);
  return node;
}

export const boundingBox = (box, photo, verdict) =>
  placeBox(element('span', { class: `box box-${verdict}`, 'aria-hidden': 'true' }), box, photo);

// Shows only the face, with some of what is round it: the photo is enlarged behind a square window.
export function faceCrop(source, box, photo) {
  const side = Math.min(Math.max(box.width, box.height) * 1.7, photo.width, photo.height);
  const clamp = (value, limit) => Math.min(Math.max(value, 0), limit);
  const left = clamp(box.x + box.width / 2 - side / 2, photo.width - side);
  const top = clamp(box.y + box.height / 2 - side / 2, photo.height - side);
  const image = element('img', { src: source, alt: '', loading: 'lazy' });
  image.style.width = `${(100 * photo.width) / side}%`;
  image.style.left = `${(-100 * left) / side}%`;
  image.style.top = `${(-100 * top) / side}%`;
  return element('span', { class: 'crop' }, image);
}
