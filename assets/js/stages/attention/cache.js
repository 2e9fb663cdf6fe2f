// What the prefill leaves behind: the KV cache, layer by layer.

import { fill, h, notice, svg } from '../../core/elements/dom.js';
import { layersTable } from '../../parts/panel/cache_table.js';
import { prefill as words } from './words/prefill.js';

const WIDTH = 600;
const HEIGHT = 132;
const LEFT = 26;
const MOST_LINES = 120;

/**
 * Positions × layers: one block, written at once, for the prompt, and a column for each decoded position.
 * @param {Payload.KVCacheRecord} cache
 * @param {number} nPrompt
 * @param {Page.Selection} selection
 */
function picture(cache, nPrompt, selection) {
  const { n_positions: n, layers } = cache;
  const wide = (WIDTH - LEFT) / n;
  const tall = (HEIGHT - 18) / layers.length;
  /** @param {number} position @param {number} count @param {string} kind */
  const column = (position, count, kind) =>
    svg('rect', { x: LEFT + position * wide, y: 0, width: wide * count, height: HEIGHT - 18, class: kind });
  const lines =
    n <= MOST_LINES ? Array.from({ length: n + 1 }, (_, i) => `M ${LEFT + i * wide} 0 V ${HEIGHT - 18}`) : [];
  const rows = layers.map((_, i) => `M ${LEFT} ${(i + 1) * tall} H ${WIDTH}`);
  const nGenerated = n - nPrompt;
  const row = layers.findIndex(({ layer }) => layer === selection.layer);
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'cache-picture',
      role: 'img',
      'aria-label': words.cachePicture(layers.length, nPrompt, nGenerated),
    },
    column(0, Math.min(nPrompt, n), 'filled'),
    nGenerated > 0 && column(nPrompt, nGenerated, 'added'),
    svg('path', { d: [...lines, ...rows].join(' '), class: 'grid' }),
    selection.position < n && column(selection.position, 1, 'here'),
    row >= 0 && svg('rect', { x: LEFT, y: row * tall, width: WIDTH - LEFT, height: tall, class: 'here' }),
    svg('text', { x: LEFT - 5, y: 9, class: 'end' }, layers[0].layer),
    svg('text', { x: LEFT - 5, y: HEIGHT - 20, class: 'end' }, layers.at(-1).layer),
    svg('text', { x: LEFT, y: HEIGHT - 4 }, '0'),
    svg('text', { x: WIDTH, y: HEIGHT - 4, class: 'end' }, n - 1),
  );
}

/** @typedef {Pick<Page.State, 'run' | 'selection' | 'card'> & { cache: Payload.KVCacheRecord }} CacheScene */

/**
 * The card in `root`.
 * @param {HTMLElement} root
 */
export function cacheCard(root) {
  let all = false;
  /** @type {CacheScene} */
  let last = null;
  const body = h('div', { class: 'cache-body' });
  root.append(h('h2', {}, words.cache), body);

  /** @param {Payload.KVCacheRecord} cache */
  function table({ layers, bytes: total }) {
    const few = layers.length > 3 && !all ? [layers[0], null, layers.at(-1)] : layers;
    return layersTable(few, total);
  }

  function draw() {
    const { cache, run, selection } = last;
    if (!cache.layers.length) return notice(body, words.cacheNone(last.card));
    const flip = () => {
      all = !all;
      draw();
    };
    fill(
      body,
      h(
        'div',
        {},
        h('p', {}, words.cacheNote(cache, run)),
        picture(cache, run.tokens.length, selection),
        h(
          'p',
          { class: 'dim legend' },
          h('span', { class: 'swatch filled' }),
          words.cachePrompt,
          cache.n_positions > run.tokens.length && [h('span', { class: 'swatch added' }), words.cacheAdded],
        ),
        cache.bytes_without_sharing > cache.bytes && h('p', { class: 'dim' }, words.cacheGqa(cache)),
      ),
      h(
        'div',
        {},
        table(cache),
        cache.layers.length > 3 &&
          h(
            'button',
            { type: 'button', class: 'quiet', onclick: flip },
            all ? words.cacheFew : words.cacheAll(cache.layers.length),
          ),
      ),
    );
  }

  return {
    /** @param {CacheScene} next */
    update(next) {
      last = next;
      draw();
    },
    /** @param {string} message */
    fail: (message) => notice(body, message),
  };
}
