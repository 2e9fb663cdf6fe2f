// A whole split into its parts: one bar, and the numbers of the parts below it.

import { h } from '../core/elements/dom.js';
import { pct } from '../maths/format.js';

/**
 * @param {string} title
 * @param {{ name: string, kind: string, value: number }[]} parts
 * @param {(value: number) => string} format
 */
export function splitBar(title, parts, format) {
  const whole = parts.reduce((sum, { value }) => sum + value, 0);
  return h(
    'figure',
    { class: 'split' },
    h('figcaption', {}, h('strong', {}, title), ' ', format(whole)),
    h(
      'div',
      { class: 'split-bar', 'aria-hidden': 'true' },
      parts
        .filter(({ value }) => value > 0)
        .map(({ name, kind, value }) =>
          h('span', {
            class: `part-${kind}`,
            title: `${name}: ${format(value)}`,
            style: { 'flex-grow': String((100 * value) / whole) },
          }),
        ),
    ),
    h(
      'ul',
      { class: 'split-key' },
      parts.map(({ name, kind, value }) =>
        h(
          'li',
          {},
          h('span', { class: `swatch part-${kind}` }),
          name,
          ' ',
          h('strong', {}, format(value)),
          h('span', { class: 'dim' }, ` ${pct(value / whole)}`),
        ),
      ),
    ),
  );
}
