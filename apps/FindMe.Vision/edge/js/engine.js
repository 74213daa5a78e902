// A picture → its faces and whose they are, step by step as the engine's FaceEngine and PeopleModel.
import { Detection, inside } from './detection.js';
import { Landmarks, meanOf, misfitOf, similarityOf } from './landmarks.js';
import { turn, warp } from './picture.js';

export class Engine {
  // networks: {detect(planes, width, height), landmarks(planes), people(chip)}, each a promise of the model's outputs.
  constructor(recipe, networks) {
    this.recipe = recipe;
    this.detection = new Detection(recipe.detection, networks.detect);
    this.landmarks = new Landmarks(recipe.landmarks, recipe.upright.alignment, networks.landmarks);
    this.people = networks.people;
  }

  // picture: {width, height, pixels (red, green, blue and one more byte each), scaleX, scaleY to the full photo}; names: of the
  // probabilities, strangers last. Boxes are in pixels of the full photo.
  async name(picture, names) {
    if (Math.min(picture.width, picture.height) < this.recipe.photo.smallestSide) return [];
    let [seen, faces] = [picture, await this.read(picture, await this.detection.find(picture))];
    let turnBack = box => box;
    const upright = this.uprightScoreOf(faces);
    if (upright < this.recipe.upright.sureScore) {
      const turned = await this.findTurned(picture, upright);
      if (turned) ({ seen, faces, turnBack } = turned);
    }

    const named = [];
    for (const face of faces) {
      const box = inside(turnBack(scale(face.box, seen.scaleX, seen.scaleY)), { width: picture.width * picture.scaleX, height: picture.height * picture.scaleY });
      named.push({ ...await this.nameOf(seen, face, names), box, score: face.score });
    }
    return named;
  }

  async read(picture, detections) {
    const faces = [];
    for (const { box, score } of detections) faces.push({ box, score, points: await this.landmarks.find(picture, box) });
    return faces;
  }

  // Photos whose pixels lie on their side without saying so: believed only if something then stands upright more surely. Turned the wrong
  // way, faces are upside down: found nearly as well, but their landmarks are not.
  async findTurned(picture, upright) {
    let best;
    for (const clockwise of [true, false]) {
      const seen = turn(picture, clockwise);
      const faces = await this.read(seen, await this.detection.findTurned(seen));
      const score = this.uprightScoreOf(faces);
      if (score <= upright) continue;
      upright = score;
      const [width, height] = [seen.width * seen.scaleX, seen.height * seen.scaleY];
      const turnBack = box => clockwise
        ? { x: box.y, y: width - box.x - box.width, width: box.height, height: box.width }
        : { x: height - box.y - box.height, y: box.x, width: box.height, height: box.width };
      best = { seen, faces, turnBack };
    }
    return best;
  }

  uprightScoreOf(faces) {
    return Math.max(0, ...faces.filter(face => this.isUpright(face)).map(face => face.score));
  }

  isUpright({ points, score }) {
    const { alignment, leftEye, maxMisfit, minScore, rightEye } = this.recipe.upright;
    const [left, right] = [meanOf(points, leftEye), meanOf(points, rightEye)];
    return score >= minScore && right.x - left.x > Math.abs(right.y - left.y) && misfitOf(alignment, points) <= maxMisfit;
  }

  // Both the head's share and the distance are in the probability; what no person has is the stranger's.
  async nameOf(picture, { points }, names) {
    const { alignment, naming } = this.recipe;
    const probabilities = await this.people(warp(picture, similarityOf(alignment, points), alignment.side, alignment.maxSamples));
    let best = 0;
    for (let person = 1; person < names.length - 1; person++) {
      if (probabilities[person] > probabilities[best]) best = person;
    }
    return probabilities[best] >= naming.leastProbability
      ? { name: names[best], probability: probabilities[best] }
      : { name: naming.unknown, probability: Math.min(Math.max(probabilities[names.length - 1], 0), 1) };
  }
}

const scale = (box, x, y) => ({ x: box.x * x, y: box.y * y, width: box.width * x, height: box.height * y });
