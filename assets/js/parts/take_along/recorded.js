// A recorded walk has this card in place of the prompt: what the file contains, and what is left out of it.

import { h } from '../../core/elements/dom.js';
import { recorded as words } from '../words/export.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.WalkDescription} about
 */
export function mountRecorded(parts, about) {
  const lines = words.list(about).map((line) => h('li', {}, line));
  parts.append(
    h(
      'section',
      { class: 'card recorded-card' },
      h('p', {}, h('strong', {}, `${words.title}. `), words.about(about)),
      h('details', {}, h('summary', { class: 'dim' }, words.inside), h('ul', { class: 'dim' }, lines)),
    ),
  );
}
