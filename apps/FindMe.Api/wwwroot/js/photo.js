// A photo of a match at the size it is shown.

export function photoAddress(photo, width) {
  const address = new URL(photo.url, location.href);
  if (width !== undefined) address.searchParams.set('width', String(Math.min(width, photo.width)));
  return address.href;
}

// The file as it was posted or sent, with the name that the server gives it.
export const originalAddress = photo => `${photoAddress(photo)}/original`;

const lastPart = path => path.split('/').pop();

const isPosted = ({ post }) => post?.network && post.network !== 'zip';

// What a photo's file is called. A photo of a ZIP file has a number before its name, and its post is named for the file; networks know
// photos by numbers alone.
export const fileName = match => (isPosted(match)
  ? [match.post.network, match.post.author].filter(Boolean).join('-').replaceAll(/[^\p{L}\p{N}.-]+/gu, '-')
  : lastPart(match.post?.network === 'zip' ? match.post.id : match.photo.id));

// What it is called as the server shows it: as JPEG.
export const jpegName = match => `${fileName(match).replace(/\.(jpe?g|png|webp|gif|avif|tiff?)$/i, '')}.jpg`;

// A photo in words.
export const nameOf = match => (isPosted(match) ? (match.post.author ? `posted by @${match.post.author.replace(/^@/, '')}` : 'from a post') : fileName(match));

// What an export calls it: the end of its address.
export const shortId = photo => lastPart(photo.url);

export const isLinkOnly = match => match.post?.network === 'x';
