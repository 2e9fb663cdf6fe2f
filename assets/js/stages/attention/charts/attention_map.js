// One head's map on a canvas: query rows × key columns, labels thinned, the mask hatched, drag to zoom.

import { pixels } from '../../../charts/heatmap.js';
import { h } from '../../../core/elements/dom.js';
import { sharpness, within } from '../../../core/elements/pixels.js';
import { axes, GUTTER, hatch } from './map_axes.js';

const LARGEST = 560;
const LARGEST_CELL = 72;
// From this size on a cell has room for its number.
const NUMBERED = 40;
const DRAG = 6;
/** @type {Record<string, number>} */
const ARROWS = { ArrowUp: -1, ArrowDown: 1 };

/** @typedef {{ row: number, col: number }} Cell */
/**
 * @typedef {{ tile: Page.MapTile, tokens: Page.RunToken[], position: number, scale: Page.Scale, name: string }}
 *   Picture
 */

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * A map in `root`. `onSelect` is called without a key when an arrow key selects the query.
 * @param {HTMLElement} root
 * @param {{
 *   onHover: (cell: Page.MapCell | null) => void,
 *   onSelect: (position: number, key?: number) => void,
 *   onZoom: (window: Page.MapWindow) => void,
 * }} listeners
 */
export function attentionMap(root, { onHover, onSelect, onZoom }) {
  const canvas = h('canvas', { class: 'attention-map', tabindex: 0, role: 'img' });
  const box = h('div', { class: 'scroll' }, canvas);
  root.append(box);
  /** @type {Pick<Picture, 'tile' | 'tokens' | 'position'> & { cell: number, picture?: HTMLCanvasElement }} */
  let current = null;
  /** @type {Cell} */
  let hovered = null;
  /** @type {{ from: Cell, to: Cell | null, x: number, y: number }} */
  let drag = null;

  /**
   * @param {number} start
   * @param {number} stop
   * @param {number} block
   * @param {number} index
   * @returns {Page.Range}
   */
  const range = (start, stop, block, index) => [start + index * block, Math.min(stop, start + (index + 1) * block)];
  /** @param {number} row */
  const queriesOf = (row) => range(current.tile.query_start, current.tile.query_stop, current.tile.block, row);
  /** @param {number} col */
  const keysOf = (col) => range(current.tile.key_start, current.tile.key_stop, current.tile.block, col);
  /** @param {number} row @param {number} col */
  const masked = (row, col) => keysOf(col)[0] > queriesOf(row)[1] - 1 || keysOf(col)[1] <= current.tile.first_seen[row];

  /** @param {PointerEvent} event @param {boolean} [inside] true: outside of the map, the nearest cell is meant */
  function cellUnder(event, inside = false) {
    const { tile, cell } = current;
    const { x, y } = within(canvas, event);
    let col = Math.floor((x - GUTTER) / cell);
    let row = Math.floor((y - GUTTER) / cell);
    if (inside) [row, col] = [clamp(row, 0, tile.rows - 1), clamp(col, 0, tile.cols - 1)];
    return row >= 0 && col >= 0 && row < tile.rows && col < tile.cols ? { row, col } : null;
  }

  /**
   * @param {Cell | null} cell
   * @returns {Page.MapCell | null}
   */
  function describe(cell) {
    if (!cell) return null;
    const { tile } = current;
    const weight = tile.data[cell.row * tile.cols + cell.col];
    return { queries: queriesOf(cell.row), keys: keysOf(cell.col), weight, masked: masked(cell.row, cell.col) };
  }

  /** @param {CanvasRenderingContext2D} context @param {CSSStyleDeclaration} style */
  function numbers(context, style) {
    const { tile, cell } = current;
    if (cell < NUMBERED || tile.block > 1) return;
    context.font = `12px ${style.getPropertyValue('--mono')}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (let index = 0; index < tile.rows * tile.cols; index += 1) {
      const [row, col] = [Math.floor(index / tile.cols), index % tile.cols];
      if (masked(row, col)) continue;
      const weight = tile.data[index];
      context.fillStyle = style.getPropertyValue(weight > 0.16 ? '--surface' : '--ink');
      context.fillText(weight.toFixed(2), GUTTER + (col + 0.5) * cell, GUTTER + (row + 0.5) * cell);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {CSSStyleDeclaration} style */
  function cross(context, style) {
    const { tile, cell, position } = current;
    const [width, height] = [tile.cols * cell, tile.rows * cell];
    /**
     * @param {string} color
     * @param {number} left
     * @param {number} top
     * @param {number} w
     * @param {number} d
     */
    const outline = (color, left, top, w, d) => {
      context.strokeStyle = style.getPropertyValue(color);
      context.strokeRect(GUTTER + left, GUTTER + top, w, d);
    };
    // On a fine map the frame of a row is thinner than the row.
    context.lineWidth = Math.min(1.5, cell / 3);
    const row = Math.floor((position - tile.query_start) / tile.block);
    if (row >= 0 && row < tile.rows) outline('--c-query', 0, row * cell, width, cell);
    const col = Math.floor((position - tile.key_start) / tile.block);
    if (col >= 0 && col < tile.cols) outline('--c-key', col * cell, 0, cell, height);
    context.lineWidth = Math.min(1, cell / 4);
    if (hovered) {
      outline('--ink-2', 0, hovered.row * cell, width, cell);
      outline('--ink-2', hovered.col * cell, 0, cell, height);
    }
    context.lineWidth = 2;
    if (drag?.to) {
      const [top, bottom] = [drag.from.row, drag.to.row].sort((a, b) => a - b);
      const [left, right] = [drag.from.col, drag.to.col].sort((a, b) => a - b);
      outline('--accent', left * cell, top * cell, (right - left + 1) * cell, (bottom - top + 1) * cell);
    }
  }

  function draw() {
    if (!current) return;
    const { tile, cell, picture } = current;
    const ratio = sharpness(canvas);
    const [width, height] = [tile.cols * cell, tile.rows * cell];
    Object.assign(canvas, { width: (GUTTER + width + 2) * ratio, height: (GUTTER + height + 2) * ratio });
    Object.assign(canvas.style, { width: `${GUTTER + width + 2}px`, height: `${GUTTER + height + 2}px` });
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = false;
    context.fillStyle = hatch(context, style.getPropertyValue('--surface-2'), style.getPropertyValue('--line'));
    context.fillRect(GUTTER, GUTTER, width, height);
    context.drawImage(picture, GUTTER, GUTTER, width, height);
    context.strokeStyle = style.getPropertyValue('--line');
    context.strokeRect(GUTTER - 0.5, GUTTER - 0.5, width + 1, height + 1);
    const target = describe(hovered);
    const strong = { query: target?.queries[0] ?? current.position, key: target?.keys[0] ?? current.position };
    axes(context, style, { ...current, queriesOf, keysOf, strong });
    numbers(context, style);
    cross(context, style);
  }

  /** @param {Cell | null} cell */
  function hover(cell) {
    if (cell?.row === hovered?.row && cell?.col === hovered?.col) return;
    hovered = cell;
    onHover(describe(cell));
    draw();
  }

  canvas.addEventListener('pointerdown', (event) => {
    const from = current && cellUnder(event);
    if (from) drag = { from, to: null, x: event.clientX, y: event.clientY };
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!current) return;
    const moved = drag && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG;
    if (moved || drag?.to) {
      canvas.setPointerCapture(event.pointerId);
      drag.to = cellUnder(event, true);
    }
    hover(cellUnder(event));
    if (drag?.to) draw();
  });
  canvas.addEventListener('pointerleave', () => hover(null));
  canvas.addEventListener('pointerup', (event) => {
    const endedDrag = drag;
    drag = null;
    const cell = current && cellUnder(event, Boolean(endedDrag?.to));
    if (!endedDrag || !cell) return draw();
    const rows = [endedDrag.from.row, cell.row].sort((a, b) => a - b);
    const cols = [endedDrag.from.col, cell.col].sort((a, b) => a - b);
    if (!endedDrag.to) onSelect(queriesOf(cell.row)[0], keysOf(cell.col)[0]);
    else if (rows[0] < rows[1] && cols[0] < cols[1]) {
      onZoom({ q0: queriesOf(rows[0])[0], q1: queriesOf(rows[1])[1], k0: keysOf(cols[0])[0], k1: keysOf(cols[1])[1] });
    }
    draw();
  });
  canvas.addEventListener('pointercancel', () => {
    drag = null;
    draw();
  });
  canvas.addEventListener('keydown', (event) => {
    const step = ARROWS[event.key];
    if (!step || !current) return;
    event.preventDefault();
    event.stopPropagation();
    onSelect(clamp(current.position + step, current.tile.query_start, current.tile.query_stop - 1));
  });

  return {
    /** @param {Picture} map */
    show({ tile, tokens, position, scale, name }) {
      const room = Math.min(LARGEST, Math.max(200, root.clientWidth - GUTTER - 6));
      const cell = Math.min(LARGEST_CELL, room / Math.max(tile.rows, tile.cols));
      current = { tile, tokens, position, cell };
      current.picture = pixels({
        data: tile.data,
        rows: tile.rows,
        cols: tile.cols,
        scale,
        domain: [0, 1],
        blank: masked,
      });
      hovered = null;
      canvas.setAttribute('aria-label', name);
      draw();
    },
    /** @param {number} position */
    mark(position) {
      if (!current) return;
      current.position = position;
      draw();
    },
  };
}
