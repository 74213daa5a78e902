// The system's own way to hand a photo on, where the browser has it.
import { isLinkOnly, jpegName, photoAddress } from './photo.js';
import { toast } from './toast.js';

export const canShare = () => typeof navigator.share === 'function';

// link: where the photo was posted; for X nothing else may be passed on.
export async function share(match, link) {
  try {
    if (isLinkOnly(match)) {
      await navigator.share({ url: link });
      return;
    }
    const picture = await fetch(photoAddress(match.photo));
    if (!picture.ok) throw new Error('The photo is not there');
    const file = new File([await picture.blob()], jpegName(match), { type: 'image/jpeg' });
    await navigator.share(navigator.canShare?.({ files: [file] }) ? { files: [file] } : { url: link });
  } catch (problem) {
    // Closing the system's dialog cancels sharing.
    if (problem.name !== 'AbortError') toast('The photo could not be shared. Download it instead.', [], { isProblem: true });
  }
}
