// A photo of a match at the size it is shown.

export function photoAddress(photo, width) {
  const address = new URL(photo.url, location.href);
  if (width !== undefined) address.searchParams.set('width', String(Math.min(width, photo.width)));
  return address.href;
}

const lastPart = path => path.split('/').pop();

// A photo of a ZIP file has a number before its name, and its post is named for the file.
export const fileName = ({ post, photo }) => lastPart(post?.network === 'zip' ? post.id : photo.id);

// What an export calls it: the end of its address.
export const shortId = photo => lastPart(photo.url);

export const isLinkOnly = match => match.post?.network === 'x';
