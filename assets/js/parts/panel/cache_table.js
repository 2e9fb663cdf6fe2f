// A table of what each layer keeps in the KV cache.

import { h } from '../../core/elements/dom.js';
import { bytes } from '../../maths/format.js';
import { cacheTable as words } from '../words/shared.js';

const shape = (/** @type {number[]} */ sizes) => sizes.join(' × ');

/** @param {Payload.LayerCache} layerCache */
const row = ({ layer, key_shape: key, value_shape: value, dtype, bytes: size, window }) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, layer),
    h('td', {}, shape(key)),
    h('td', {}, shape(value)),
    h('td', {}, dtype, window ? `, ${words.window(window)}` : ''),
    h('td', { class: 'number' }, bytes(size)),
  );

/**
 * What each layer keeps, read from its tensors.
 * @param {(Payload.LayerCache | null)[]} layers null stands for layers that are left out
 * @param {number} total
 */
export function layersTable(layers, total) {
  const dots = () => h('tr', { class: 'dots' }, h('td', { colspan: 5 }, '⋮'));
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'cache-table' },
      h('caption', {}, words.shape),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          words.columns.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        layers.map((layer) => (layer ? row(layer) : dots())),
      ),
      h(
        'tfoot',
        {},
        h('tr', {}, h('th', { scope: 'row', colspan: 4 }, words.total), h('td', { class: 'number' }, bytes(total))),
      ),
    ),
  );
}
