// A square matrix over positions on a canvas, with labels thinned so that they never overlap.

import { cellAt, heatmap } from '../../../charts/heatmap.js';
import { fill, h } from '../../../core/elements/dom.js';

const WIDEST = 22;
const LINE = 15;

/** @typedef {{ row: number, col: number }} Cell */
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {string} text
 * @param {number} index
 * @param {number} cell the side of a cell in pixels
 */
const label = (text, index, cell) => h('span', { dir: 'auto', style: { '--at': `${(index + 0.5) * cell}px` } }, text);

/**
 * A matrix in `root`. Arrow keys move a cursor, Enter selects its row.
 * @param {HTMLElement} root
 * @param {object} options
 * @param {string} options.name
 * @param {(row: number) => void} options.onSelect
 * @param {(cell: Cell & { value: number } | null) => void} options.onHover
 */
export function matrix(root, { name, onSelect, onHover }) {
  const canvas = h('canvas', { tabindex: 0, role: 'img', 'aria-label': name });
  const left = h('div', { class: 'matrix-left', 'aria-hidden': 'true' });
  const top = h('div', { class: 'matrix-top', 'aria-hidden': 'true' });
  const cross = h('div', { class: 'matrix-cross', 'aria-hidden': 'true' });
  const box = h('div', { class: 'matrix' }, top, left, h('div', { class: 'matrix-cells' }, canvas, cross));
  root.append(h('div', { class: 'scroll' }, box));
  /** @type {Page.Matrix & { cell: number }} */
  let current = null;
  /** @type {{ index: number, element: HTMLElement }[]} */
  let labels = [];
  /** @type {Cell} */
  let cursor = null;

  const n = () => current.labels.length;
  /** @param {Cell | null} cell */
  const hover = (cell) => onHover(cell && { ...cell, value: current.data[cell.row * n() + cell.col] });
  /** @param {MouseEvent} event */
  const under = (event) => current && cellAt(canvas, n(), n(), event);

  canvas.addEventListener('pointermove', (event) => hover(under(event)));
  canvas.addEventListener('pointerleave', () => hover(null));
  canvas.addEventListener('click', (event) => under(event) && onSelect(under(event).row));
  canvas.addEventListener('keydown', (event) => {
    const step = ARROWS[event.key];
    if (!current || (!step && event.key !== 'Enter')) return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= { row: Math.max(0, current.selected), col: Math.max(0, current.selected) };
    if (!step) return onSelect(cursor.row);
    /** @param {number} value */
    const inside = (value) => Math.min(n() - 1, Math.max(0, value));
    cursor = { row: inside(cursor.row + step[0]), col: inside(cursor.col + step[1]) };
    hover(cursor);
  });

  /** @param {number} selected */
  function mark(selected) {
    current.selected = selected;
    cross.hidden = selected < 0;
    cross.style.setProperty('--at', `${selected * current.cell}px`);
    cross.style.setProperty('--cell', `${current.cell}px`);
    for (const { index, element } of labels) element.classList.toggle('selected', index === selected);
  }

  return {
    /** @param {Page.Matrix} next */
    show(next) {
      const width = Math.max(180, root.clientWidth - 100);
      const cell = Math.max(3, Math.min(WIDEST, Math.floor(width / next.labels.length)));
      current = { ...next, cell };
      cursor = null;
      heatmap(canvas, { data: next.data, rows: n(), cols: n(), scale: next.scale, cell, domain: next.domain });
      const every = Math.ceil(LINE / cell);
      labels = [left, top].flatMap((side) => {
        const own = next.labels.flatMap((text, index) =>
          index % every === 0 ? [{ index, element: label(text, index, cell) }] : [],
        );
        fill(
          side,
          own.map(({ element }) => element),
        );
        return own;
      });
      mark(next.selected);
    },
    /** @param {number} selected */
    mark: (selected) => current && mark(selected),
  };
}
