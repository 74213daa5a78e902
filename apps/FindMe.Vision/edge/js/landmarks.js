// A box → the 68 points of the face in it, and the points → where a chip lies, as the engine's LandmarkDetection and FaceAlignment have it.
import { clamp, resample, scaleOf, transform, warp } from './picture.js';

export class Landmarks {
  // network: planes → the points as shares of the square, flat; chip: the upright chip that the second look is taken in.
  constructor(recipe, chip, network) {
    this.recipe = recipe;
    this.chip = chip;
    this.network = network;
  }

  // Once in the box, then in a square that the points found there centre and turn upright.
  async find(picture, box) {
    const first = await this.findInBox(picture, box);
    const { side, uprightCentre, uprightSide } = this.recipe;
    const fromChip = similarityOf(this.chip, first);
    const centre = transform(fromChip, uprightCentre.x, uprightCentre.y);
    if (!isPlausible(box, centre, uprightSide * scaleOf(fromChip))) return first;

    const turned = { cos: fromChip.cos * uprightSide / side, sin: fromChip.sin * uprightSide / side, moveX: 0, moveY: 0 };
    const middle = transform(turned, side / 2, side / 2);
    const toPicture = { ...turned, moveX: centre.x - middle.x, moveY: centre.y - middle.y };
    const shares = await this.network(warp(picture, toPicture, side, this.chip.maxSamples));
    return this.points((x, y) => transform(toPicture, x * side, y * side), shares);
  }

  async findInBox(picture, box) {
    const { side } = this.recipe;
    const crop = wholePixels(box, picture);
    const size = Math.max(crop.width, crop.height);
    const shorter = Math.min(crop.width, crop.height);
    // Centred; of an odd difference the larger half goes behind.
    const before = size - shorter - Math.trunc((size - shorter + 1) / 2);
    const padding = crop.width < crop.height ? { x: before, y: 0, width: size, height: size } : { x: 0, y: before, width: size, height: size };
    const planes = new Float32Array(3 * side * side);
    resample(picture, crop, padding, side, side, planes, side, side);

    const scale = side / size;
    const [width, height] = [crop.width * scale, crop.height * scale];
    const [marginX, marginY] = [Math.max(0, (height - width) / 2), Math.max(0, (width - height) / 2)];
    return this.points((x, y) => ({
      x: box.x + (x * side - marginX) / width * crop.width,
      y: box.y + (y * side - marginY) / height * crop.height,
    }), await this.network(planes));
  }

  points(place, shares) {
    return Array.from({ length: this.recipe.count }, (_, i) => place(shares[2 * i], shares[2 * i + 1]));
  }
}

export function meanOf(points, indices) {
  const sum = indices.reduce((total, index) => ({ x: total.x + points[index].x, y: total.y + points[index].y }), { x: 0, y: 0 });
  return { x: sum.x / indices.length, y: sum.y / indices.length };
}

// The similarity of least squares that takes the chip's points to the face's: as complex numbers Σ chip* · point / Σ |chip|², both centred.
export function similarityOf(chip, landmarks) {
  const points = chip.points.map(point => meanOf(landmarks, point.landmarks));
  const all = chip.points.map((_, index) => index);
  const from = meanOf(chip.points, all);
  const to = meanOf(points, all);
  let [real, imaginary, norm] = [0, 0, 0];
  chip.points.forEach((place, i) => {
    const [ax, ay, bx, by] = [place.x - from.x, place.y - from.y, points[i].x - to.x, points[i].y - to.y];
    real += ax * bx + ay * by;
    imaginary += ax * by - ay * bx;
    norm += ax * ax + ay * ay;
  });
  const [cos, sin] = [real / norm, imaginary / norm];
  return { cos, sin, moveX: to.x - (cos * from.x - sin * from.y), moveY: to.y - (sin * from.x + cos * from.y) };
}

// How far the points miss their places when they are fitted as well as they can be: root of the mean square, in pixels of the chip.
export function misfitOf(chip, landmarks) {
  const toPicture = similarityOf(chip, landmarks);
  const sum = chip.points.reduce((total, point) => {
    const [place, mean] = [transform(toPicture, point.x, point.y), meanOf(landmarks, point.landmarks)];
    return total + (place.x - mean.x) ** 2 + (place.y - mean.y) ** 2;
  }, 0);
  return Math.sqrt(sum / chip.points.length / Math.max(Number.MIN_VALUE, scaleOf(toPicture) ** 2));
}

function wholePixels(box, picture) {
  const x = clamp(Math.trunc(box.x), 0, picture.width - 1);
  const y = clamp(Math.trunc(box.y), 0, picture.height - 1);
  return {
    x,
    y,
    width: clamp(Math.trunc(Math.min(box.width, picture.width - box.x)), 1, picture.width - x),
    height: clamp(Math.trunc(Math.min(box.height, picture.height - box.y)), 1, picture.height - y),
  };
}

// Points that the first look lost, on a profile say, would lead the second one away from the face.
function isPlausible(box, centre, side) {
  const size = Math.max(box.width, box.height);
  return side > size / 2 && side < size * 2
    && centre.x > box.x && centre.x < box.x + box.width && centre.y > box.y && centre.y < box.y + box.height;
}
