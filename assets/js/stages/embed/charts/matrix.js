// A square matrix over positions on a canvas, with labels thinned so that they never overlap.

import { cellAt, heatmap } from '../../../charts/heatmap.js';
import { fill, h } from '../../../core/elements/dom.js';

const WIDEST = 22;
const LINE = 15;

/**
 * A matrix in `root`. `show({data, labels, scale, domain, selected})`; labels are one text a row.
 * `onHover({row, col, value} | null)`, `onSelect(row)`. Arrow keys move a cursor, Enter selects.
 */
export function matrix(root, { name, onSelect, onHover }) {
  const canvas = h('canvas', { tabindex: 0, role: 'img', 'aria-label': name });
  const left = h('div', { class: 'matrix-left', 'aria-hidden': 'true' });
  const top = h('div', { class: 'matrix-top', 'aria-hidden': 'true' });
  const cross = h('div', { class: 'matrix-cross', 'aria-hidden': 'true' });
  const box = h('div', { class: 'matrix' }, top, left, h('div', { class: 'matrix-cells' }, canvas, cross));
  root.append(h('div', { class: 'scroll' }, box));
  let shown = null;
  /** @type {{ row: number; col: number; }} */
  let cursor = null;

  const n = () => shown.labels.length;
  /** @param {{ row: number; col: number; }} cell */
  const tell = (cell) => onHover(cell && { ...cell, value: shown.data[cell.row * n() + cell.col] });
  const under = (event) => shown && cellAt(canvas, n(), n(), event);

  canvas.addEventListener('pointermove', (event) => tell(under(event)));
  canvas.addEventListener('pointerleave', () => tell(null));
  canvas.addEventListener('click', (event) => under(event) && onSelect(under(event).row));
  canvas.addEventListener('keydown', (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!shown || (!step && event.key !== 'Enter')) return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= { row: Math.max(0, shown.selected), col: Math.max(0, shown.selected) };
    if (!step) return onSelect(cursor.row);
    const inside = (value) => Math.min(n() - 1, Math.max(0, value));
    cursor = { row: inside(cursor.row + step[0]), col: inside(cursor.col + step[1]) };
    tell(cursor);
  });

  function label(text, index, cell) {
    return h('span', { dir: 'auto', style: { '--at': `${(index + 0.5) * cell}px` } }, text);
  }

  function mark(selected) {
    shown.selected = selected;
    cross.hidden = selected < 0;
    cross.style.setProperty('--at', `${selected * shown.cell}px`);
    cross.style.setProperty('--cell', `${shown.cell}px`);
    for (const [index, element] of shown.marked) element.classList.toggle('selected', index === selected);
  }

  return {
    show(next) {
      const width = Math.max(180, root.clientWidth - 100);
      const cell = Math.max(3, Math.min(WIDEST, Math.floor(width / next.labels.length)));
      shown = { ...next, cell };
      cursor = null;
      heatmap(canvas, { data: next.data, rows: n(), cols: n(), scale: next.scale, cell, domain: next.domain });
      const every = Math.ceil(LINE / cell);
      const places = next.labels.map((text, index) => [index, text]).filter(([index]) => index % every === 0);
      const sides = [left, top].map((side) => {
        const labels = places.map(([index, text]) => [index, label(text, index, cell)]);
        fill(
          side,
          labels.map(([, element]) => element),
        );
        return labels;
      });
      shown.marked = sides.flat();
      mark(next.selected);
    },
    mark: (selected) => shown && mark(selected),
  };
}
