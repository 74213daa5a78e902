// The posts that carry a photo: who, where, when, and the way there.
import { networkNames } from './account.js';
import { element } from './element.js';
import { minuteOf } from './words.js';

const isPost = post => post?.network && post.network !== 'zip';

// All posts that carry a photo, given all its copies.
export const postsOf = copies => [...new Map(copies.map(match => match.post).filter(isPost).map(post => [post.id, post])).values()];

// Its author or its network warns of it, or the classifier does.
export const isSensitive = match => match.post?.sensitive === true || match.unsafe !== undefined;

export function postList(posts) {
  return posts.length > 0 && element('ul', { class: 'posts' }, posts.map(post => element('li', {},
    postLink(post),
    post.createdAt && element('span', { class: 'small' }, ` ${minuteOf(post.createdAt)}`),
    post.description && element('p', { class: 'post-text' }, element('bdi', {}, post.description)))));
}

export function postLink(post) {
  // Isolated: a name written from right to left, or one that holds marks of direction, turns nothing round it.
  const words = [post.author ? element('bdi', {}, `@${post.author.replace(/^@/, '')}`) : 'A post', ` on ${networkNames[post.network] ?? post.network}`];
  const address = webAddress(post.url);
  return address ? element('a', { href: address, target: '_blank', rel: 'noreferrer noopener' }, ...words) : element('span', {}, ...words);
}

// What a network calls an address need not be one: javascript: is none.
export function webAddress(text) {
  const address = URL.canParse(text ?? '') ? new URL(text) : undefined;
  return address && (address.protocol === 'https:' || address.protocol === 'http:') ? address.href : undefined;
}
