// A picture → boxes round its faces, as the engine's FaceDetection and SsdModel find them. The recipe is the server's.
import { clamp, resample, round } from './picture.js';

export class Detection {
  // network: planes, width, height → {boxes, scores}, the outputs as flat arrays.
  constructor(recipe, network) {
    this.recipe = recipe;
    this.network = network;
  }

  find(picture) {
    return this.search(picture, this.recipe.passes, this.recipe.minScore);
  }

  // A picture that was turned by a guess: only what is surely a face counts.
  findTurned(picture) {
    return this.search(picture, this.recipe.passes.slice(0, this.recipe.turnedPasses), this.recipe.turnedMinScore);
  }

  async search(picture, passes, minScore) {
    const longSide = Math.max(picture.width, picture.height);
    const found = [];
    for (const pass of passes.filter(pass => longSide >= pass.atLeast)) {
      for (const strip of this.stripsOf(picture, pass)) found.push(...await this.searchStrip(picture, pass, strip, minScore));
    }

    const faces = [];
    for (const face of this.distinct(found)) {
      if (!this.isDoubtful(face, picture) || await this.lookAgain(picture, face) >= this.recipe.secondLook.minScore) faces.push(face);
    }
    return faces;
  }

  // What a pass looks at: the whole picture, or strips of it from top to bottom, of whole pixels of the picture.
  stripsOf(picture, pass) {
    const { maxPixelsAtOnce, stripOverlap } = this.recipe;
    const longSide = Math.max(picture.width, picture.height);
    const width = Math.max(1, round(picture.width * pass.side / longSide));
    const height = Math.max(1, round(picture.height * pass.side / longSide));
    const maxRows = Math.max(2 * stripOverlap, Math.trunc(maxPixelsAtOnce / width));
    const count = height <= maxRows ? 1 : 1 + Math.ceil((height - maxRows) / (maxRows - stripOverlap));
    const rows = Math.trunc((height + (count - 1) * stripOverlap + count - 1) / count);
    return Array.from({ length: count }, (_, strip) => {
      const top = strip * (rows - stripOverlap);
      const y = Math.trunc(top * picture.height / height);
      const bottom = Math.min(picture.height, Math.trunc((top + rows) * picture.height / height) + 1);
      const source = { x: 0, y, width: picture.width, height: bottom - y };
      return { source, width, height: Math.max(1, round(source.height * height / picture.height)) };
    });
  }

  async searchStrip(picture, pass, { source, width, height }, minScore) {
    const roundUp = size => Math.ceil(size / this.recipe.sideMultiple) * this.recipe.sideMultiple;
    const paddedWidth = roundUp(width + 2 * pass.margin);
    const paddedHeight = roundUp(height + 2 * pass.margin);
    const planes = new Float32Array(3 * paddedWidth * paddedHeight);
    resample(picture, source, { x: 0, y: 0, width: source.width, height: source.height }, width, height,
      planes, paddedWidth, paddedHeight, pass.margin * paddedWidth + pass.margin);

    const scaleX = source.width / width;
    const scaleY = source.height / height;
    const faces = [];
    for (const { box, score } of await this.run(planes, paddedWidth, paddedHeight, minScore, pass.maps)) {
      const size = Math.max(box.width, box.height);
      const placed = inside({
        x: (box.x - pass.margin) * scaleX,
        y: (box.y - pass.margin) * scaleY + source.y,
        width: box.width * scaleX,
        height: box.height * scaleY,
      }, picture);
      if (size >= pass.minSize && size <= (pass.maxSize ?? Infinity) && placed.width * placed.height > 0) faces.push({ box: placed, score });
    }
    return faces;
  }

  isDoubtful({ box, score }, picture) {
    const { sureScore, smallFace, closePortrait } = this.recipe.secondLook;
    return score < sureScore
      && Math.max(box.width, box.height) >= smallFace
      && Math.max(box.width / picture.width, box.height / picture.height) <= closePortrait;
  }

  // The score of a face in a picture of itself and little else.
  async lookAgain(picture, { box }) {
    const { share, side, minScore } = this.recipe.secondLook;
    const size = Math.max(4, round(Math.max(box.width, box.height) * share));
    const left = round(box.x + box.width / 2 - size / 2);
    const top = round(box.y + box.height / 2 - size / 2);
    const x = Math.max(0, left);
    const y = Math.max(0, top);
    const crop = { x, y, width: Math.min(picture.width, left + size) - x, height: Math.min(picture.height, top + size) - y };
    const planes = new Float32Array(3 * side * side);
    resample(picture, crop, { x: x - left, y: y - top, width: size, height: size }, side, side, planes, side, side);
    const scale = side / size;
    const expected = { x: (box.x - left) * scale, y: (box.y - top) * scale, width: box.width * scale, height: box.height * scale };
    const found = await this.run(planes, side, side, minScore);
    return Math.max(0, ...found.filter(face => overlap(face.box, expected) > this.recipe.sameFaceOverlap).map(face => face.score));
  }

  // What scores more than minScore in the first feature maps, in pixels of the input; the same face several times.
  async run(planes, width, height, minScore, maps = this.recipe.anchors.length) {
    const { anchors, firstStride, centreVariance, sizeVariance } = this.recipe;
    const { boxes, scores } = await this.network(planes, width, height);
    const found = [];
    let index = 0;
    let columns = Math.ceil(width / firstStride);
    let rows = Math.ceil(height / firstStride);
    anchors.slice(0, maps).forEach((layer, number) => {
      const stride = firstStride * 2 ** number;
      for (let cell = 0; cell < rows * columns; cell++) {
        for (const anchor of layer) {
          if (scores[index] > minScore) {
            const [y, x, h, w] = boxes.subarray(index * 4, index * 4 + 4);
            const centreX = x / centreVariance * anchor.width + (cell % columns + 0.5) * stride;
            const centreY = y / centreVariance * anchor.height + (Math.trunc(cell / columns) + 0.5) * stride;
            const boxWidth = Math.exp(w / sizeVariance) * anchor.width;
            const boxHeight = Math.exp(h / sizeVariance) * anchor.height;
            found.push({ box: { x: centreX - boxWidth / 2, y: centreY - boxHeight / 2, width: boxWidth, height: boxHeight }, score: scores[index] });
          }
          index++;
        }
      }
      columns = Math.ceil(columns / 2);
      rows = Math.ceil(rows / 2);
    });
    return found;
  }

  // One box a face: the best stays, what overlaps it or lies inside of it goes.
  distinct(found) {
    const kept = [];
    for (const face of found.toSorted((a, b) => b.score - a.score)) {
      if (kept.length === this.recipe.maxFaces) break;
      if (!kept.some(other => this.isSameFace(other.box, face.box))) kept.push(face);
    }
    return kept;
  }

  isSameFace(a, b) {
    const common = intersection(a, b);
    const [areaA, areaB] = [a.width * a.height, b.width * b.height];
    return common > this.recipe.sameFaceOverlap * (areaA + areaB - common) || common > this.recipe.insideShare * Math.min(areaA, areaB);
  }
}

export function inside(box, { width, height }) {
  const left = clamp(box.x, 0, width);
  const top = clamp(box.y, 0, height);
  return { x: left, y: top, width: Math.max(0, clamp(box.x + box.width, 0, width) - left), height: Math.max(0, clamp(box.y + box.height, 0, height) - top) };
}

function intersection(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

function overlap(a, b) {
  const common = intersection(a, b);
  return common > 0 ? common / (a.width * a.height + b.width * b.height - common) : 0;
}
