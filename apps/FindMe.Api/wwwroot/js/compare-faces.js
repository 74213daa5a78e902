// The found face beside one of the person's own, both as large as each other.
import { faceCrop } from './bounding-box.js';
import { element, replace } from './element.js';
import { ownFace } from './own-face.js';
import { photoAddress } from './photo.js';

// Width asked of the server, in pixels.
const CROP_WIDTH = 960;

// surest(): a card of the search that can stand in for a selfie that this tab has not seen; undefined: there is none.
export function faceComparison(surest) {
  const node = element('div', { class: 'comparison' });

  return {
    node,
    show(card) {
      const selfie = ownFace();
      const other = selfie ? undefined : surest(card);
      replace(node,
        selfie && face('Your selfie', selfie.source, selfie.box, selfie.photo),
        other && face('Your clearest match', photoAddress(other.match.photo, CROP_WIDTH), other.match.box, other.match.photo),
        face('Found here', photoAddress(card.match.photo, CROP_WIDTH), card.match.box, card.match.photo));
    },
  };
}

function face(words, source, box, photo) {
  const crop = faceCrop(source, box, photo);
  crop.firstChild.alt = words;
  return element('figure', {}, crop, element('figcaption', {}, words));
}
