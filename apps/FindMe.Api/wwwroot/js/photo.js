// A photo of a match at the size it is shown.

export function photoAddress(photo, width) {
  const address = new URL(photo.url, location.href);
  if (width !== undefined) address.searchParams.set('width', String(Math.min(width, photo.width)));
  return address.href;
}

export const fileName = photo => photo.id.split('/').pop();
