// The KV cache as a grid, positions across and layers down: the cells written by prefill and by decoding, and the empty ones.

import { fill, h, svg } from '../../../core/elements/dom.js';
import { within } from '../../../core/elements/pixels.js';

const LEFT = 30;
const BOTTOM = 20;
const NARROWEST = 3;
const WIDEST = 30;
const LINED = 5;

/**
 * Neighbouring layers that keep the same positions, as one block: layers `from` to `to`, positions from `start` on.
 * @param {Payload.LayerCache[]} layers
 * @param {number} filled
 */
function blocks(layers, filled) {
  /** @type {{ from: number, to: number, start: number }[]} */
  const found = [];
  layers.forEach(({ window }, row) => {
    // Between two passes a window of w keeps w - 1 positions: the next pass adds its own.
    const start = window ? Math.max(0, filled - window + 1) : 0;
    const last = found.at(-1);
    if (last?.start === start) last.to = row + 1;
    else found.push({ from: row, to: row + 1, start });
  });
  return found;
}

/**
 * A grid in `root`; `onBin` is called with the number of positions that a column stands for.
 * @param {HTMLElement} root
 * @param {object} listeners
 * @param {(cell: Page.CacheCell | null) => void} listeners.onHover
 * @param {(cell: Page.CacheCell) => void} listeners.onPick
 * @param {(positions: number) => void} listeners.onBin
 */
export function cacheGrid(root, { onHover, onPick, onBin }) {
  const place = h('div', { class: 'kv-place' });
  root.append(place);
  /** @type {Page.CacheFilling} */
  let filling = null;
  let scale = { wide: 1, tall: 1, bin: 1 };
  let drawnWidth = 0;
  new ResizeObserver(() => {
    if (filling && place.clientWidth !== drawnWidth) draw();
  }).observe(place);

  /** @param {MouseEvent} event @returns {Page.CacheCell | null} */
  function cell(event) {
    const { x, y } = within(place, event);
    const row = Math.floor(y / scale.tall);
    const position = Math.floor((x - LEFT) / scale.wide);
    if (row < 0 || row >= filling.layers.length || position < 0 || position >= filling.n) return null;
    const from = scale.bin * Math.floor(position / scale.bin);
    const { window } = filling.layers[row];
    const gone = window && from < filling.filled - window + 1;
    return { row, from, to: Math.min(filling.n, from + scale.bin), gone, written: from < filling.filled };
  }

  function draw() {
    const { layers, n, nPrompt, filled, selection, label } = filling;
    drawnWidth = place.clientWidth;
    const room = Math.max(200, drawnWidth) - LEFT - 2;
    const bin = Math.max(1, Math.ceil((n * NARROWEST) / room));
    const column = Math.min(WIDEST, room / Math.ceil(n / bin));
    const tall = Math.max(4, Math.min(10, 300 / layers.length));
    scale = { wide: column / bin, tall, bin };
    onBin(bin);
    const { wide } = scale;
    const height = tall * layers.length;
    /** @param {number} start @param {number} stop @param {number} top @param {number} bottom @param {string} kind */
    const rect = (start, stop, top, bottom, kind) =>
      stop > start &&
      svg('rect', {
        x: LEFT + start * wide,
        y: top * tall,
        width: (stop - start) * wide,
        height: (bottom - top) * tall,
        class: kind,
      });
    const here = filled > nPrompt ? filled - 1 : 0;
    const columns = Math.ceil(n / bin);
    // Lines between columns that are too narrow would cover them.
    const edges = Array.from(
      { length: column < LINED ? 0 : columns + 1 },
      (_, i) => `M ${LEFT + Math.min(n, i * bin) * wide} 0 V ${height}`,
    );
    const rows = Array.from({ length: layers.length + 1 }, (_, i) => `M ${LEFT} ${i * tall} H ${LEFT + n * wide}`);
    const chosen = layers.findIndex(({ layer }) => layer === selection.layer);
    const mark = LEFT + (selection.position + 0.5) * wide;
    fill(
      place,
      svg(
        'svg',
        { width: LEFT + n * wide + 2, height: height + BOTTOM, class: 'kv-grid', role: 'img', 'aria-label': label },
        rect(0, n, 0, layers.length, 'empty'),
        blocks(layers, filled).map(({ from, to, start }) => [
          rect(start, Math.min(filled, nPrompt), from, to, 'filled'),
          rect(Math.max(start, nPrompt), filled, from, to, 'added'),
        ]),
        svg('path', { d: [...edges, ...rows].join(' '), class: 'mesh' }),
        chosen >= 0 && rect(0, n, chosen, chosen + 1, 'row'),
        rect(here, filled, 0, layers.length, 'now'),
        svg('path', { d: `M ${mark} ${height + 2} l 4 6 h -8 z`, class: 'mark' }),
        svg('text', { x: LEFT - 6, y: 9, class: 'end' }, layers[0].layer),
        svg('text', { x: LEFT - 6, y: height, class: 'end' }, layers.at(-1).layer),
        axis(n, nPrompt, wide).map(([position, anchor]) =>
          svg(
            'text',
            { x: LEFT + (position + (anchor === 'end' ? 1 : 0.5)) * wide, y: height + 18, class: anchor },
            position,
          ),
        ),
      ),
    );
  }

  place.addEventListener('pointermove', (event) => filling && onHover(cell(event)));
  place.addEventListener('pointerleave', () => onHover(null));
  place.addEventListener('click', (event) => {
    const found = filling && cell(event);
    if (found) onPick(found);
  });

  return {
    /** @param {Page.CacheFilling} next */
    show(next) {
      filling = next;
      draw();
    },
  };
}

/**
 * Labels under the grid: the first and last position, and the first generated one where there is room.
 * @param {number} n
 * @param {number} nPrompt
 * @param {number} wide
 * @returns {[position: number, anchor: string][]}
 */
function axis(n, nPrompt, wide) {
  /** @param {number} a @param {number} b */
  const clear = (a, b) => Math.abs(a - b) * wide > 34;
  /** @type {[number, string][]} */
  const labels = [[0, 'middle']];
  if (nPrompt < n && clear(nPrompt, 0) && clear(nPrompt, n - 1)) labels.push([nPrompt, 'middle']);
  if (n > 1 && clear(0, n - 1)) labels.push([n - 1, wide < 16 ? 'end' : 'middle']);
  return labels;
}
