// A grid of layers × positions: in each cell an expert's number, shaded by its weight. Arrow keys move the selection.

import { fill, svg } from '../../../core/elements/dom.js';

const CELL = { width: 26, height: 20 };
const LEFT = 62;
const TOP = 84;
/** @type {Record<string, Page.GridCell>} */
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * A grid in `root`; `onpoint` is called with null when the pointer leaves it.
 * @param {HTMLElement} root
 * @param {object} listeners
 * @param {(row: number, column: number) => void} listeners.onpick
 * @param {(cell: Page.GridCell | null) => void} listeners.onpoint
 */
export function routes(root, { onpick, onpoint }) {
  /** @type {Page.RouteGrid} */
  let grid = null;

  /** @param {MouseEvent} event @returns {Page.GridCell | null} */
  const cellOf = (event) => {
    const { row, column } = /** @type {SVGElement} */ (event.target).dataset;
    return row === undefined ? null : [Number(row), Number(column)];
  };

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const [row, column] = grid.now.map((at, i) =>
      Math.max(0, Math.min([grid.rows, grid.columns][i].length - 1, at + move[i])),
    );
    onpick(row, column);
  }

  /** @param {number} row @param {number} column */
  function cell(row, column) {
    const x = LEFT + column * CELL.width;
    const y = TOP + row * CELL.height;
    const text = grid.text(row, column);
    return [
      svg('rect', {
        class: 'route',
        x,
        y,
        width: CELL.width - 1,
        height: CELL.height - 1,
        style: { '--shade': `${Math.round(8 + 62 * grid.at(row, column))}%` },
        dataset: { row, column },
      }),
      text !== '' && svg('text', { class: 'route-number', x: x + CELL.width / 2, y: y + 14 }, text),
    ];
  }

  return {
    /** @param {Page.RouteGrid} next */
    show(next) {
      grid = next;
      const { rows, columns, now, label } = grid;
      const width = LEFT + columns.length * CELL.width + 50;
      const height = TOP + rows.length * CELL.height + 4;
      const chart = svg(
        'svg',
        {
          class: 'routes',
          width,
          height,
          viewBox: `0 0 ${width} ${height}`,
          tabindex: 0,
          role: 'img',
          'aria-label': label,
          onkeydown,
          onclick: (event) => cellOf(event) && onpick(...cellOf(event)),
          onpointermove: (event) => onpoint(cellOf(event)),
          onpointerleave: () => onpoint(null),
        },
        columns.map((name, i) =>
          svg(
            'text',
            {
              class: 'route-token',
              transform: `translate(${LEFT + (i + 0.5) * CELL.width + 3} ${TOP - 6}) rotate(-55)`,
            },
            name,
          ),
        ),
        rows.map((name, i) => svg('text', { class: 'route-layer', x: LEFT - 8, y: TOP + i * CELL.height + 14 }, name)),
        rows.map((_, row) => columns.map((__, column) => cell(row, column))),
        svg('rect', {
          class: 'route-now',
          x: LEFT + now[1] * CELL.width - 0.5,
          y: TOP + now[0] * CELL.height - 0.5,
          width: CELL.width,
          height: CELL.height,
        }),
      );
      fill(root, chart);
    },
  };
}
