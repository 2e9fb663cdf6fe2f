// Layers × experts: how often each expert was picked.

import { svg } from '../../../core/elements/dom.js';
import { routing as words } from '../words/routing.js';

const TALL = 18;
const LEFT = 62;
const TOP = 18;

/** @param {Page.Routed} routed */
export function loadMap({ layers, nExperts, load: counts, n_positions: n, k }) {
  const wide = Math.max(8, Math.min(26, Math.floor(760 / nExperts)));
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const cells = layers.flatMap((layer, row) =>
    Array.from({ length: nExperts }, (_, expert) => {
      const value = counts[row * nExperts + expert];
      return svg(
        'rect',
        {
          class: 'route',
          x: LEFT + expert * wide,
          y: TOP + row * TALL,
          width: wide - 1,
          height: TALL - 1,
          style: { '--shade': `${Math.round(6 + 74 * (value / most))}%` },
        },
        svg('title', {}, words.loadCell(layer, expert, value, value / n)),
      );
    }),
  );
  const names = layers.map((layer, row) =>
    svg('text', { class: 'route-layer', x: LEFT - 8, y: TOP + row * TALL + 13 }, words.layer(layer)),
  );
  const step = wide < 16 ? 8 : 1;
  const numbers = Array.from({ length: Math.ceil(nExperts / step) }, (_, i) =>
    svg('text', { class: 'route-number', x: LEFT + (i * step + 0.5) * wide, y: 13 }, i * step),
  );
  return svg(
    'svg',
    {
      class: 'routes',
      width: LEFT + nExperts * wide,
      height: TOP + layers.length * TALL,
      role: 'img',
      'aria-label': words.loadNote(n, k, nExperts),
    },
    numbers,
    cells,
    names,
  );
}
