// Records what @vladmandic/face-api finds in the six photos of its own package: numbers only, for FaceApiParityTests.
//
//   npm install --prefix DIR @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 sharp@0.35.5
//   node record.mjs DIR > face-api.json
//
// Decoders of JPEG differ by a level here and there, which the tests do not mean to measure. sharp 0.35.5 brings the libvips that
// the engine uses, so both start from the same pixels; their sha256 is recorded, so that a difference has a name.
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

// One face a line: a change of the recording reads as one.
const lines = photos.map(({ faces, ...photo }) =>
  `${JSON.stringify(photo).slice(0, -1)},"faces":[\n${faces.map((face) => JSON.stringify(face)).join(',\n')}]}`);
console.log(`{"faceApi":"1.7.15","tfjs":"${tf.version.tfjs}","backend":"${tf.getBackend()}","photos":[\n${lines.join(',\n')}]}`);
