// A heat map on a canvas: one pixel a cell, painted once and stretched without smoothing.

import { sharpness } from '../core/elements/pixels.js';

const LEVELS = 256;

/**
 * Paints a heat map on a canvas. `cell` is the side of a cell in CSS pixels, or [width, height]. `at(event)` of what it
 * returns is the cell under the pointer.
 * @param {HTMLCanvasElement} canvas
 * @param {Page.Heat & { cell: number | number[] }} heat
 */
export function heatmap(canvas, { data, rows, cols, scale, cell, domain, blank }) {
  const [width, height] = Array.isArray(cell) ? cell : [cell, cell];
  const ratio = sharpness(canvas);
  canvas.width = Math.max(1, Math.round(cols * width * ratio));
  canvas.height = Math.max(1, Math.round(rows * height * ratio));
  canvas.style.width = `${cols * width}px`;
  canvas.style.height = `${rows * height}px`;
  const context = canvas.getContext('2d');
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels({ data, rows, cols, scale, domain, blank }), 0, 0, canvas.width, canvas.height);
  return { at: (/** @type {MouseEvent} */ event) => cellAt(canvas, rows, cols, event) };
}

/**
 * The same picture as a canvas of one pixel a cell, to be drawn elsewhere.
 * @param {Page.Heat} heat
 */
export function pixels({ data, rows, cols, scale, domain, blank }) {
  const [low, high] = domain || (data instanceof Uint8Array ? [0, 255] : [0, 1]);
  const colors = table(scale);
  const image = new ImageData(Math.max(1, cols), Math.max(1, rows));
  for (let index = 0; index < rows * cols; index += 1) {
    if (blank && blank(Math.floor(index / cols), index % cols)) continue;
    const t = (data[index] - low) / (high - low);
    const level = Math.min(LEVELS - 1, Math.max(0, Math.round(t * (LEVELS - 1)))) * 3;
    image.data[4 * index] = colors[level];
    image.data[4 * index + 1] = colors[level + 1];
    image.data[4 * index + 2] = colors[level + 2];
    image.data[4 * index + 3] = 255;
  }
  const small = document.createElement('canvas');
  small.width = image.width;
  small.height = image.height;
  small.getContext('2d').putImageData(image, 0, 0);
  return small;
}

/**
 * The cell under the pointer, or null outside.
 * @param {HTMLCanvasElement} canvas
 * @param {number} rows
 * @param {number} cols
 * @param {MouseEvent} event
 */
export function cellAt(canvas, rows, cols, event) {
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
  const col = Math.floor(((event.clientX - box.left) / box.width) * cols);
  return row >= 0 && row < rows && col >= 0 && col < cols ? { row, col } : null;
}

/** @param {Page.Heat['scale']} scale */
function table(scale) {
  const colors = new Uint8Array(LEVELS * 3);
  for (let level = 0; level < LEVELS; level += 1) colors.set(scale(level / (LEVELS - 1)), level * 3);
  return colors;
}
