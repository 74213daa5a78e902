// Takes a selfie with the device's camera. Pictures stay in the page until one is chosen.
import { element, replace } from './element.js';
import { table } from './words.js';

const JPEG_QUALITY = 0.92;

const refusals = table({
  NotAllowedError: 'The camera was refused. Allow it for this page in your browser, or choose a photo instead.',
  NotFoundError: 'This device has no camera. Choose a photo instead.',
  OverconstrainedError: 'This device has no camera that fits. Choose a photo instead.',
  NotReadableError: 'Another program is using the camera. Close it, or choose a photo instead.',
});

export const cameraWords = error => refusals[error.name] ?? 'The camera could not be started. Choose a photo instead.';

// Shows the live picture in `stage`; gives the photo to `taken`, or calls `cancelled`.
// Returns a function that switches the camera off, whatever was going on. `isWanted` says whether the person still waits for it: they may
// have gone on while the browser asked them.
export async function openCamera(stage, { taken, cancelled, isWanted }) {
  if (!navigator.mediaDevices?.getUserMedia) {
    // Browsers hide the camera from pages that came over an open connection.
    throw new DOMException('No camera on an open connection', 'NotFoundError');
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 960 } },
    audio: false,
  });
  const off = () => stream.getTracks().forEach(track => track.stop());
  if (!isWanted()) {
    off();
    return off;
  }
  const video = element('video', { playsinline: true, 'aria-label': 'Live picture of your camera', class: 'mirrored' });
  video.muted = true;
  video.srcObject = stream;
  const shoot = element('button', { type: 'button', class: 'button primary', onclick: capture }, 'Take the picture');

  function live() {
    replace(stage, video, element('div', { class: 'camera-actions' }, shoot,
      element('button', { type: 'button', class: 'button', onclick: stop }, 'Close the camera')));
    shoot.focus();
    return video.play();
  }

  function stop() {
    off();
    cancelled();
  }

  async function capture() {
    const canvas = element('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    // The preview is mirrored because people know themselves from mirrors; the photo is not.
    canvas.getContext('2d').drawImage(video, 0, 0);
    const photo = await new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', JPEG_QUALITY));
    const still = element('img', { src: URL.createObjectURL(photo), alt: 'The picture you just took', class: 'mirrored' });
    const use = element('button', { type: 'button', class: 'button primary', onclick: () => { forget(); off(); taken(photo); } }, 'Use this picture');
    const forget = () => URL.revokeObjectURL(still.src);
    replace(stage, still, element('div', { class: 'camera-actions' }, use,
      element('button', { type: 'button', class: 'button', onclick: () => { forget(); live().catch(stop); } }, 'Take another')));
    use.focus();
  }

  try {
    await live();
  } catch (error) {
    off();
    throw error;
  }
  return off;
}
