// What stands in a recorded walk where the live page asks: what this file is, and what is left out of it.

import { h } from '../../core/elements/dom.js';
import { recorded as words } from '../words/export.js';

/** @param {Page.Recorded} about */
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
