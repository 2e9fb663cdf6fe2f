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

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * A map in `root`. `show({tile, tokens, position, scale})` draws it; tile: {data, rows, cols, block, query_start, query_stop,
 * key_start, key_stop}. `onHover({queries, keys, weight, masked} | null)`, `onSelect(position, key?)`, `onZoom(window)`.
 */
export function attentionMap(root, { onHover, onSelect, onZoom }) {
  const canvas = h('canvas', { class: 'attention-map', tabindex: 0, role: 'img' });
  const box = h('div', { class: 'scroll' }, canvas);
  root.append(box);
  /** @type {{ tile: Page.MapTile, tokens: Page.RunToken[], position: number, cell: number, picture?: HTMLCanvasElement }} */
  let shown = null;
  /** @type {{ row: number; col: number; }} */
  let hovered = null;
  let dragged = null;

  const range = (start, stop, block, index) => [start + index * block, Math.min(stop, start + (index + 1) * block)];
  const queriesOf = (row) => range(shown.tile.query_start, shown.tile.query_stop, shown.tile.block, row);
  const keysOf = (col) => range(shown.tile.key_start, shown.tile.key_stop, shown.tile.block, col);
  const masked = (row, col) => keysOf(col)[0] > queriesOf(row)[1] - 1 || keysOf(col)[1] <= shown.tile.first_seen[row];

  function cellUnder(event, inside = false) {
    const { tile, cell } = shown;
    const { x, y } = within(canvas, event);
    let col = Math.floor((x - GUTTER) / cell);
    let row = Math.floor((y - GUTTER) / cell);
    if (inside) [row, col] = [clamp(row, 0, tile.rows - 1), clamp(col, 0, tile.cols - 1)];
    return row >= 0 && col >= 0 && row < tile.rows && col < tile.cols ? { row, col } : null;
  }

  /** @param {{ row: number; col: number; }} cell */
  function describe(cell) {
    if (!cell) return null;
    const { tile } = shown;
    const weight = tile.data[cell.row * tile.cols + cell.col];
    return { queries: queriesOf(cell.row), keys: keysOf(cell.col), weight, masked: masked(cell.row, cell.col) };
  }

  function numbers(context, style) {
    const { tile, cell } = shown;
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

  function cross(context, style) {
    const { tile, cell, position } = shown;
    const [width, height] = [tile.cols * cell, tile.rows * cell];
    const line = (color, left, top, w, d) => {
      context.strokeStyle = style.getPropertyValue(color);
      context.strokeRect(GUTTER + left, GUTTER + top, w, d);
    };
    // On a fine map the frame of a row is thinner than the row.
    context.lineWidth = Math.min(1.5, cell / 3);
    const row = Math.floor((position - tile.query_start) / tile.block);
    if (row >= 0 && row < tile.rows) line('--c-query', 0, row * cell, width, cell);
    const col = Math.floor((position - tile.key_start) / tile.block);
    if (col >= 0 && col < tile.cols) line('--c-key', col * cell, 0, cell, height);
    context.lineWidth = Math.min(1, cell / 4);
    if (hovered) {
      line('--ink-2', 0, hovered.row * cell, width, cell);
      line('--ink-2', hovered.col * cell, 0, cell, height);
    }
    context.lineWidth = 2;
    if (dragged?.to) {
      const [top, bottom] = [dragged.from.row, dragged.to.row].sort((a, b) => a - b);
      const [left, right] = [dragged.from.col, dragged.to.col].sort((a, b) => a - b);
      line('--accent', left * cell, top * cell, (right - left + 1) * cell, (bottom - top + 1) * cell);
    }
  }

  function draw() {
    if (!shown) return;
    const { tile, cell, picture } = shown;
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
    const seen = hovered && describe(hovered);
    const strong = { query: seen ? seen.queries[0] : shown.position, key: seen ? seen.keys[0] : shown.position };
    axes(context, style, { ...shown, queriesOf, keysOf, strong });
    numbers(context, style);
    cross(context, style);
  }

  /** @param {{ row: number; col: number; }} cell */
  function hover(cell) {
    if (cell?.row === hovered?.row && cell?.col === hovered?.col) return;
    hovered = cell;
    onHover(describe(cell));
    draw();
  }

  canvas.addEventListener('pointerdown', (event) => {
    const from = shown && cellUnder(event);
    if (from) dragged = { from, to: null, x: event.clientX, y: event.clientY };
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!shown) return;
    const moved = dragged && Math.hypot(event.clientX - dragged.x, event.clientY - dragged.y) > DRAG;
    if (moved || dragged?.to) {
      canvas.setPointerCapture(event.pointerId);
      dragged.to = cellUnder(event, true);
    }
    hover(cellUnder(event));
    if (dragged?.to) draw();
  });
  canvas.addEventListener('pointerleave', () => hover(null));
  canvas.addEventListener('pointerup', (event) => {
    const was = dragged;
    dragged = null;
    const cell = shown && cellUnder(event, Boolean(was?.to));
    if (!was || !cell) return draw();
    const rows = [was.from.row, cell.row].sort((a, b) => a - b);
    const cols = [was.from.col, cell.col].sort((a, b) => a - b);
    if (!was.to) onSelect(queriesOf(cell.row)[0], keysOf(cell.col)[0]);
    else if (rows[0] < rows[1] && cols[0] < cols[1]) {
      onZoom({ q0: queriesOf(rows[0])[0], q1: queriesOf(rows[1])[1], k0: keysOf(cols[0])[0], k1: keysOf(cols[1])[1] });
    }
    draw();
  });
  canvas.addEventListener('pointercancel', () => {
    dragged = null;
    draw();
  });
  canvas.addEventListener('keydown', (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    event.stopPropagation();
    onSelect(clamp(shown.position + step, shown.tile.query_start, shown.tile.query_stop - 1));
  });

  return {
    show({ tile, tokens, position, scale, name }) {
      const room = Math.min(LARGEST, Math.max(200, root.clientWidth - GUTTER - 6));
      const cell = Math.min(LARGEST_CELL, room / Math.max(tile.rows, tile.cols));
      shown = { tile, tokens, position, cell };
      shown.picture = pixels({
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
    mark(position) {
      if (!shown) return;
      shown.position = position;
      draw();
    },
  };
}
