// A list of figures: a name, a value, and a note in small type.

import { h } from './dom.js';

/**
 * The rows of a <dl class="facts">.
 * @param {Page.Child[][]} triples name, value and note of each row
 */
export const facts = (triples) =>
  triples.map(([name, value, note]) =>
    h(
      'div',
      { class: 'fact' },
      h('dt', {}, name),
      h('dd', {}, h('strong', {}, value), h('span', { class: 'dim' }, note)),
    ),
  );
