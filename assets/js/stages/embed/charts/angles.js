// Angles by position and dimension pair: a heat map with a cyclic colour scale.

import { cellAt, heatmap, pixels } from '../../../charts/heatmap.js';
import { rgb } from '../../../core/elements/color.js';
import { fill, h } from '../../../core/elements/dom.js';
import { embed as words } from '../words/embed.js';

const TURN = 2 * Math.PI;
const LINE = 15;
const AROUND = ['--c-query', '--c-value', '--c-special', '--c-key', '--c-resid'];

/**
 * A colour scale whose two ends are the same colour.
 * @returns {Page.Scale}
 */
function cyclic() {
  const stops = AROUND.map(rgb);
  return (t) => {
    const at = (t % 1) * stops.length;
    const [a, b] = [stops[Math.floor(at) % stops.length], stops[(Math.floor(at) + 1) % stops.length]];
    return a.map((value, i) => Math.round(value + (b[i] - value) * (at % 1)));
  };
}

/**
 * A map in `root`, whose rows are positions.
 * @param {HTMLElement} root
 * @param {{ onSelect: (row: number) => void, onHover: (cell: { row: number, col: number } | null) => void }} events
 */
export function angleMap(root, { onSelect, onHover }) {
  const canvas = h('canvas', { role: 'img', 'aria-label': words.anglesName });
  const left = h('div', { class: 'matrix-left', 'aria-hidden': 'true' });
  const bottom = h('div', { class: 'angle-axis dim' });
  const row = h('div', { class: 'angle-row', 'aria-hidden': 'true' });
  const key = h('div', { class: 'legend' });
  root.append(
    key,
    h(
      'div',
      { class: 'scroll' },
      h('div', { class: 'angle-map' }, left, h('div', { class: 'matrix-cells' }, canvas, row), bottom),
    ),
  );
  /** @type {Page.Angles & { height: number }} */
  let current = null;

  /** @param {MouseEvent} event */
  const under = (event) => current && cellAt(canvas, current.rows, current.cols, event);
  canvas.addEventListener('pointermove', (event) => onHover(under(event)));
  canvas.addEventListener('pointerleave', () => onHover(null));
  canvas.addEventListener('click', (event) => under(event) && onSelect(under(event).row));

  /** @param {Page.Scale} scale */
  function drawKey(scale) {
    const bar = h('canvas', { class: 'legend-canvas', width: 128, height: 1, 'aria-hidden': 'true' });
    const data = Float32Array.from({ length: 128 }, (_, i) => i / 127);
    bar.getContext('2d').drawImage(pixels({ data, rows: 1, cols: 128, scale }), 0, 0);
    fill(key, h('span', {}, '0'), bar, h('span', {}, '2π'), h('span', { class: 'dim' }, words.angleKey));
  }

  return {
    /** @param {Page.Angles} next */
    show(next) {
      const height = Math.max(3, Math.min(18, Math.floor(440 / next.rows)));
      const width = Math.max(5, Math.min(20, Math.floor((root.clientWidth - 100) / next.cols)));
      current = { ...next, height };
      const scale = cyclic();
      heatmap(canvas, {
        data: next.data,
        rows: next.rows,
        cols: next.cols,
        scale,
        cell: [width, height],
        domain: [0, TURN],
      });
      const every = Math.ceil(LINE / height);
      const labels = next.labels.map(
        (text, i) => i % every === 0 && h('span', { dir: 'auto', style: { '--at': `${(i + 0.5) * height}px` } }, text),
      );
      fill(left, labels);
      fill(bottom, h('span', {}, words.firstPair), h('span', {}, words.lastPair(next.cols - 1)));
      drawKey(scale);
      this.mark(next.selected);
    },
    /** @param {number} selected */
    mark(selected) {
      if (!current) return;
      row.hidden = selected < 0 || selected >= current.rows;
      row.style.setProperty('--at', `${selected * current.height}px`);
      row.style.setProperty('--cell', `${current.height}px`);
    },
  };
}
