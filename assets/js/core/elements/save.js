// A file out of the page: named after what it is, made in the browser.

import { h } from './dom.js';

/** Letters and digits of a text, for a file's name. */
export const slug = (text, most = 32) =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, most)
    .toLowerCase() || 'run';

/** Hands a blob to the visitor as a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  // The menu that is open must not take this for a click beside it.
  const link = h('a', { href: url, download: name, onclick: (event) => event.stopPropagation() });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
