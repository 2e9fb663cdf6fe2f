// The thumbnails of all layers × heads on one canvas, to pick from; heads that share a key/value head stand together.

import { pixels } from '../../../charts/heatmap.js';
import { picking } from '../../../charts/picking.js';
import { h } from '../../../core/elements/dom.js';
import { sharpness, within } from '../../../core/elements/pixels.js';

const LEFT = 30;
const TOP = 34;
const GROUP_GAP = 6;
const TALLEST = 620;
const CELLS = [11, 44];

/**
 * The layers and heads of a model; `group` query heads share a key/value head, and `kv` says that this is to be shown.
 * @typedef {{ layers: number, heads: number, group: number, kv: boolean }} Sizes
 */

/**
 * The grid in `root`: `layout` begins a picture, `add` draws the thumbnails of some layers, `select` frames a head.
 * @param {HTMLElement} root
 * @param {{
 *   onSelect: (place: Page.HeadPlace) => void,
 *   onHover: (place: Page.HeadPlace | null) => void,
 *   words: Pick<typeof import('../words/prefill.js').prefill, 'headsLabel' | 'kvGroup'>,
 * }} options
 */
export function headsGrid(root, { onSelect, onHover, words }) {
  const canvas = h('canvas', { class: 'heads', tabindex: 0, role: 'application' });
  root.append(h('div', { class: 'scroll' }, canvas));
  /** @type {Sizes & { cell: number }} */
  let grid = null;
  /** @type {[layer: number, head: number, picture: HTMLCanvasElement][]} */
  let thumbnails = [];
  let selected = { layer: 0, head: 0 };

  /** @param {number} head */
  const x = (head) => LEFT + head * grid.cell + Math.floor(head / grid.group) * (grid.kv ? GROUP_GAP : 0);
  /** @param {number} layer */
  const y = (layer) => TOP + layer * grid.cell;

  /** @param {MouseEvent} event */
  function under(event) {
    if (!grid) return null;
    const { x: at, y: down } = within(canvas, event);
    const layer = Math.floor((down - TOP) / grid.cell);
    const head = Array.from({ length: grid.heads }, (_, i) => i).find((i) => at >= x(i) && at < x(i) + grid.cell);
    return layer >= 0 && layer < grid.layers && head !== undefined ? { layer, head } : null;
  }

  /** @param {CanvasRenderingContext2D} context @param {CSSStyleDeclaration} style */
  function labels(context, style) {
    context.fillStyle = style.getPropertyValue('--ink-2');
    context.font = `11px ${style.getPropertyValue('--mono')}`;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    const every = grid.cell >= 13 ? 1 : 2;
    for (let layer = 0; layer < grid.layers; layer += every)
      context.fillText(String(layer), LEFT - 6, y(layer) + grid.cell / 2);
    context.textAlign = 'center';
    const wide = grid.cell >= 15 ? 1 : 4;
    for (let head = 0; head < grid.heads; head += wide)
      context.fillText(String(head), x(head) + grid.cell / 2, TOP - 8);
    if (!grid.kv) return;
    for (let first = 0; first < grid.heads; first += grid.group) {
      const middle = (x(first) + x(Math.min(first + grid.group, grid.heads) - 1) + grid.cell) / 2;
      if (grid.group * grid.cell > 34) context.fillText(words.kvGroup(first / grid.group), middle, TOP - 24);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Page.HeadPlace} place
   * @param {string} color
   * @param {number} width
   */
  function frame(context, { layer, head }, color, width) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(x(head) - 0.5, y(layer) - 0.5, grid.cell, grid.cell);
  }

  function draw() {
    if (!grid) return;
    const ratio = sharpness(canvas);
    const width = x(grid.heads - 1) + grid.cell + 4;
    const height = y(grid.layers) + 4;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = false;
    labels(context, style);
    context.fillStyle = style.getPropertyValue('--surface-3');
    for (let layer = 0; layer < grid.layers; layer += 1) {
      for (let head = 0; head < grid.heads; head += 1)
        context.fillRect(x(head), y(layer), grid.cell - 1, grid.cell - 1);
    }
    for (const [layer, head, picture] of thumbnails)
      context.drawImage(picture, x(head), y(layer), grid.cell - 1, grid.cell - 1);
    if (hovered()) frame(context, hovered(), style.getPropertyValue('--ink'), 1.5);
    frame(context, selected, style.getPropertyValue('--accent'), 3);
  }

  /** @param {number} right @param {number} down */
  function toward(right, down) {
    if (!grid) return null;
    const layer = Math.min(grid.layers - 1, Math.max(0, selected.layer + down));
    return { layer, head: Math.min(grid.heads - 1, Math.max(0, selected.head + right)) };
  }

  const hovered = picking(canvas, { under, toward, draw, onHover, onSelect });

  return {
    /** @param {Sizes} sizes */
    layout({ layers, heads, group, kv }) {
      const wide = Math.floor((root.clientWidth - LEFT - (kv ? (heads / group) * GROUP_GAP : 0)) / heads);
      const tall = Math.floor(TALLEST / layers);
      grid = { layers, heads, group, kv, cell: Math.min(CELLS[1], Math.max(CELLS[0], Math.min(wide, tall))) };
      thumbnails = [];
      draw();
    },

    /** @param {Page.Unpacked & { start: number }} part @param {Page.Scale} scale */
    add({ start, data, shape }, scale) {
      const [layers, heads, rows, cols] = shape;
      for (let layer = 0; layer < layers; layer += 1) {
        for (let head = 0; head < heads; head += 1) {
          const from = (layer * heads + head) * rows * cols;
          const map = data.subarray(from, from + rows * cols);
          thumbnails.push([start + layer, head, pixels({ data: map, rows, cols, scale })]);
        }
      }
      draw();
    },

    /** @param {number} layer @param {number} head */
    select(layer, head) {
      selected = { layer, head };
      canvas.setAttribute('aria-label', words.headsLabel(grid?.layers ?? 0, grid?.heads ?? 0, layer, head));
      draw();
    },
  };
}
