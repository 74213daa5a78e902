// Records the results of @vladmandic/face-api for the six photos of its package, as numbers only, for FaceApiParityTests.
//
//   npm install --prefix DIR @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 sharp@0.35.5
//   node record.mjs DIR > face-api.json
//
// JPEG decoders differ slightly, which these tests must not measure. sharp 0.35.5 contains the same libvips as the engine, so both start
// from the same pixels. We record their sha256 to detect a difference.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const installed = createRequire(join(resolve(process.argv[2]), 'package.json'));
const faceApiFolder = dirname(installed.resolve('@vladmandic/face-api/package.json'));
const tf = installed('@tensorflow/tfjs');
const wasm = installed('@tensorflow/tfjs-backend-wasm');
const sharp = installed('sharp');
const faceapi = installed(join(faceApiFolder, 'dist/face-api.node-wasm.js'));

wasm.setWasmPaths(dirname(installed.resolve('@tensorflow/tfjs-backend-wasm')) + '/');
await tf.setBackend('wasm');
await tf.ready();
await faceapi.nets.ssdMobilenetv1.loadFromDisk(join(faceApiFolder, 'model'));
await faceapi.nets.faceLandmark68Net.loadFromDisk(join(faceApiFolder, 'model'));
await faceapi.nets.faceRecognitionNet.loadFromDisk(join(faceApiFolder, 'model'));

const round = (value, digits) => Number(value.toFixed(digits));
const photos = [];
for (let i = 1; i <= 6; i++) {
  const photo = `sample${i}.jpg`;
  const { data, info } = await sharp(join(faceApiFolder, 'demo', photo)).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const tensor = tf.tensor3d(new Uint8Array(data), [info.height, info.width, 3], 'int32');
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 });
  const found = await faceapi.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
  tensor.dispose();
  photos.push({
    photo,
    width: info.width,
    height: info.height,
    pixelsSha256: createHash('sha256').update(data).digest('hex'),
    faces: found.map(({ detection, landmarks, descriptor }) => ({
      box: [detection.box.x, detection.box.y, detection.box.width, detection.box.height].map((value) => round(value, 4)),
      score: round(detection.score, 7),
      landmarks: landmarks.positions.flatMap(({ x, y }) => [round(x, 4), round(y, 4)]),
      descriptor: Array.from(descriptor, (value) => round(value, 6)),
    })),
  });
}

// One face per line, for readable diffs.
const lines = photos.map(({ faces, ...photo }) =>
  `${JSON.stringify(photo).slice(0, -1)},"faces":[\n${faces.map((face) => JSON.stringify(face)).join(',\n')}]}`);
console.log(`{"faceApi":"1.7.15","tfjs":"${tf.version.tfjs}","backend":"${tf.getBackend()}","photos":[\n${lines.join(',\n')}]}`);
