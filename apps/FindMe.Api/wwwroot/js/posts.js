// The posts that carry a photo: who, where, when, and the way there.
import { networkNames } from './account.js';
import { element } from './element.js';
import { minuteOf } from './words.js';

// All posts of a match: those of its group where the same picture was posted several times, otherwise its own.
export const postsOf = (match, groups) => (groups.find(group => group.photos.includes(match.photo.id))?.posts ?? [match.post]).filter(post => post?.network);

// A picture that was posted several times is one frame: that of the photo its group is named for.
export const isRepeated = (match, groups) => groups.some(group => group.photo !== match.photo.id && group.photos.includes(match.photo.id));

// Its author or its network warns of it, or the classifier does.
export const isSensitive = (match, groups) => isSensitiveItself(match) || postsOf(match, groups).some(post => post.sensitive);

export const isSensitiveItself = match => match.post?.sensitive === true || match.unsafe !== undefined;

export function postList(posts) {
  return posts.length > 0 && element('ul', { class: 'posts' }, posts.map(post => {
    // Isolated: a name written from right to left, or one that holds marks of direction, turns nothing round it.
    const words = [post.author ? element('bdi', {}, `@${post.author.replace(/^@/, '')}`) : 'A post', ` on ${networkNames[post.network] ?? post.network}`];
    const address = webAddress(post.url);
    return element('li', {},
      address ? element('a', { href: address, target: '_blank', rel: 'noreferrer noopener' }, ...words) : words,
      post.createdAt && element('span', { class: 'small' }, ` ${minuteOf(post.createdAt)}`));
  }));
}

// What a network calls an address need not be one: javascript: is none.
export function webAddress(text) {
  const address = URL.canParse(text ?? '') ? new URL(text) : undefined;
  return address && (address.protocol === 'https:' || address.protocol === 'http:') ? address.href : undefined;
}
