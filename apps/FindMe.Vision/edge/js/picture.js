// A decoded photo, and the two ways in which models look at it: a part brought to their size, and a turned square cut out.
// The same arithmetic as the engine's Resampling and FaceAlignment.

const CHANNELS = 3;
const STRIDE = 4; // a canvas has four bytes a pixel

// Of two whole numbers equally near the even one, as the engine rounds.
export function round(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

export const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

export function turn(picture, clockwise) {
  const { width, height } = picture;
  const source = new Uint32Array(picture.pixels.buffer, picture.pixels.byteOffset, width * height);
  const target = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = clockwise ? [height - 1 - y, x] : [y, width - 1 - x];
      target[row * height + column] = source[y * width + x];
    }
  }
  return { width: height, height: width, pixels: new Uint8ClampedArray(target.buffer), scaleX: picture.scaleY, scaleY: picture.scaleX };
}

// Brings `crop` of the picture, lying in a black picture of the size and at the place that `padding` says, to width × height, in planes of
// red, green and blue, 0 to 255, which may be larger and of which the rest stays as it is. A triangle filter as wide as the step.
export function resample(picture, crop, padding, width, height, planes, planeWidth, planeHeight, offset = 0) {
  const across = tapsOf(crop.width, padding.x, padding.width, width);
  const down = tapsOf(crop.height, padding.y, padding.height, height);
  const row = new Float32Array(crop.width * CHANNELS);
  const plane = planeWidth * planeHeight;
  for (let y = 0; y < height; y++) {
    sumRows(picture, crop, down, y, row);
    for (let x = 0; x < width; x++) {
      let [red, green, blue] = [0, 0, 0];
      const start = x * across.stride;
      for (let i = 0, pixel = across.first[x] * CHANNELS; i < across.count[x]; i++, pixel += CHANNELS) {
        const weight = across.weights[start + i];
        red += row[pixel] * weight;
        green += row[pixel + 1] * weight;
        blue += row[pixel + 2] * weight;
      }
      const target = offset + y * planeWidth + x;
      planes[target] = red;
      planes[plane + target] = green;
      planes[2 * plane + target] = blue;
    }
  }
}

function sumRows(picture, crop, down, y, row) {
  row.fill(0);
  const { pixels } = picture;
  for (let i = 0; i < down.count[y]; i++) {
    const weight = down.weights[y * down.stride + i];
    let source = ((crop.y + down.first[y] + i) * picture.width + crop.x) * STRIDE;
    for (let target = 0; target < row.length; target += CHANNELS, source += STRIDE) {
      row[target] += pixels[source] * weight;
      row[target + 1] += pixels[source + 1] * weight;
      row[target + 2] += pixels[source + 2] * weight;
    }
  }
}

// For each pixel of a resampled line: which pixels of the crop it is made of, and their weights. Those of black pixels are left out, but
// count for the total.
function tapsOf(size, before, padded, length) {
  const step = padded / length;
  const support = Math.max(1, step);
  const stride = Math.ceil(support * 2) + 1;
  const taps = { stride, first: new Int32Array(length), count: new Int32Array(length), weights: new Float32Array(length * stride) };
  for (let index = 0; index < length; index++) {
    const centre = (index + 0.5) * step - 0.5;
    const from = Math.max(0, Math.ceil(centre - support));
    const to = Math.min(padded - 1, Math.floor(centre + support));
    let total = 0;
    for (let i = from; i <= to; i++) total += 1 - Math.abs(i - centre) / support;
    const first = Math.max(from, before);
    const last = Math.min(to, before + size - 1);
    taps.count[index] = Math.max(0, last - first + 1);
    taps.first[index] = taps.count[index] > 0 ? first - before : 0;
    for (let i = first; i <= last; i++) taps.weights[index * stride + i - first] = (1 - Math.abs(i - centre) / support) / total;
  }
  return taps;
}

// A similarity takes (x, y) to (cos x − sin y + moveX, sin x + cos y + moveY).
export const transform = (similarity, x, y) => ({
  x: similarity.cos * x - similarity.sin * y + similarity.moveX,
  y: similarity.sin * x + similarity.cos * y + similarity.moveY,
});

export const scaleOf = similarity => Math.hypot(similarity.cos, similarity.sin);

// Cuts out the square whose pixels the similarity takes to those of the picture; black outside of it.
export function warp(picture, toPicture, side, maxSamples) {
  const samples = clamp(Math.ceil(scaleOf(toPicture)), 1, maxSamples);
  const plane = side * side;
  const chip = new Float32Array(CHANNELS * plane);
  const colour = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      colour.fill(0);
      // The samples lie evenly in the pixel, whose middle has whole coordinates.
      for (let i = 0; i < samples; i++) {
        for (let j = 0; j < samples; j++) {
          const point = transform(toPicture, x + (j + 0.5) / samples - 0.5, y + (i + 0.5) / samples - 0.5);
          addColour(picture, point.x, point.y, colour);
        }
      }
      const target = y * side + x;
      for (let channel = 0; channel < CHANNELS; channel++) chip[channel * plane + target] = colour[channel] / (samples * samples);
    }
  }
  return chip;
}

function addColour({ pixels, width, height }, x, y, colour) {
  if (!(x > -1 && y > -1 && x < width && y < height)) return;
  const left = Math.floor(x);
  const top = Math.floor(y);
  const shareX = x - left;
  const shareY = y - top;
  addPixel(left, top, (1 - shareX) * (1 - shareY));
  addPixel(left + 1, top, shareX * (1 - shareY));
  addPixel(left, top + 1, (1 - shareX) * shareY);
  addPixel(left + 1, top + 1, shareX * shareY);

  function addPixel(column, row, weight) {
    if (column < 0 || row < 0 || column >= width || row >= height) return;
    const source = (row * width + column) * STRIDE;
    for (let channel = 0; channel < CHANNELS; channel++) colour[channel] += pixels[source + channel] * weight;
  }
}
