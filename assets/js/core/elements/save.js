// Files that the browser makes from the page.

import { h } from './dom.js';

/**
 * Letters and digits of a text, for a file's name.
 * @param {string} text
 */
export const slug = (text, most = 32) =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, most)
    .toLowerCase() || 'run';

/**
 * Downloads a blob as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  // An open menu must not treat this as a click outside it.
  const link = h('a', { href: url, download: name, onclick: (event) => event.stopPropagation() });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
