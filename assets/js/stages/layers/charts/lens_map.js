// The lens as a heat map with words in its cells: rows are layers from bottom to top, columns positions.

import { picking } from '../../../charts/picking.js';
import { fill, h } from '../../../core/elements/dom.js';
import { sharpness, within } from '../../../core/elements/pixels.js';
import { label } from '../../../maths/tokens.js';

const GUTTER = 58;
const EDGE = 24;
const NARROWEST = 62;
const ROW = 19;
const CHARACTER = 7.3;

/**
 * The colour of text that can be read on [r, g, b].
 * @param {number[]} color
 */
const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#14171d' : '#ffffff');

/**
 * The map in `root`, which `show(picture, name)` draws.
 * @param {HTMLElement} root
 * @param {{ onSelect: (cell: Page.LensCell) => void, onHover: (cell: Page.LensCell | null) => void }} events
 */
export function lensMap(root, { onSelect, onHover }) {
  const canvas = h('canvas', { class: 'lens', tabindex: 0, role: 'application' });
  // The names of the rows stay in sight when a narrow screen scrolls the columns.
  const names = h('div', { class: 'lens-rows', 'aria-hidden': 'true' });
  root.append(h('div', { class: 'lens-inside' }, names, canvas));
  /** @type {Page.LensPicture} */
  let now = null;

  const width = () => Math.max(NARROWEST, Math.floor((root.clientWidth - GUTTER - 8) / now.columns));
  /** @param {number} row */
  const y = (row) => EDGE + (now.rows - 1 - row) * ROW;

  /** @param {MouseEvent} event */
  function under(event) {
    if (!now) return null;
    const pointer = within(canvas, event);
    const column = Math.floor(pointer.x / width());
    const row = now.rows - 1 - Math.floor((pointer.y - EDGE) / ROW);
    return column >= 0 && column < now.columns && row >= 0 && row < now.rows ? { row, column } : null;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} row @param {number} column @param {number} wide */
  function cell(context, row, column, wide) {
    const value = now.value(row, column);
    const x = column * wide;
    if (value === undefined) return;
    const color = now.scale(value ?? 0);
    context.fillStyle = `rgb(${color})`;
    context.fillRect(x, y(row), wide - 1, ROW - 1);
    context.fillStyle = inkOn(color);
    context.fillText(label(now.token(row, column), Math.floor((wide - 6) / CHARACTER)), x + 4, y(row) + ROW / 2);
  }

  /**
   * The tokens that go in, below the columns, and those that follow, above.
   * @param {CanvasRenderingContext2D} context
   * @param {CSSStyleDeclaration} style
   * @param {number} wide
   */
  function edges(context, style, wide) {
    const room = Math.floor((wide - 4) / CHARACTER);
    /** @param {boolean} strong */
    const setPen = (strong) => {
      context.fillStyle = style.getPropertyValue(strong ? '--ink' : '--ink-2');
      context.font = `${strong ? '700 ' : ''}12px ${style.getPropertyValue('--mono')}`;
    };
    for (let column = 0; column < now.columns; column += 1) {
      setPen(column === now.selected.column);
      const x = column * wide + 4;
      context.fillText(label(now.input(column), room), x, y(0) + ROW + EDGE / 2);
      const next = now.next(column);
      if (next) context.fillText(label(next, room), x, EDGE / 2);
    }
  }

  function sideNames() {
    const rows = Array.from({ length: now.rows }, (_, i) => now.rows - 1 - i);
    /** @param {string} text @param {number} height @param {boolean} [strong] */
    const line = (text, height, strong = false) =>
      h(
        'span',
        { class: strong ? 'strong' : '', style: { height: `${height}px`, 'line-height': `${height}px` } },
        text,
      );
    fill(
      names,
      line(now.corner.next, EDGE),
      rows.map((row) => line(now.rowName(row), ROW, row === now.selected.row)),
      line(now.corner.input, EDGE),
    );
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Page.LensCell} cell
   * @param {number} wide
   * @param {string} color
   * @param {number} thickness
   */
  function frame(context, { row, column }, wide, color, thickness) {
    context.strokeStyle = color;
    context.lineWidth = thickness;
    context.strokeRect(Math.max(1, column * wide - 0.5), y(row) - 0.5, wide, ROW);
  }

  function draw() {
    if (!now) return;
    const ratio = sharpness(canvas);
    const wide = width();
    const size = { width: wide * now.columns + 2, height: 2 * EDGE + now.rows * ROW };
    Object.assign(canvas, { width: size.width * ratio, height: size.height * ratio });
    Object.assign(canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    context.textBaseline = 'middle';
    context.font = `12px ${style.getPropertyValue('--mono')}`;
    for (let row = 0; row < now.rows; row += 1) {
      for (let column = 0; column < now.columns; column += 1) cell(context, row, column, wide);
    }
    edges(context, style, wide);
    sideNames();
    if (hovered()) frame(context, hovered(), wide, style.getPropertyValue('--ink'), 1.5);
    const { selected } = now;
    if (selected.column >= 0 && selected.column < now.columns)
      frame(context, selected, wide, style.getPropertyValue('--accent'), 3);
  }

  /** Brings the selected column into view on a narrow screen. */
  function reveal() {
    const left = now.selected.column * width();
    const room = root.clientWidth - GUTTER - width();
    if (left < root.scrollLeft || left > root.scrollLeft + room) root.scrollLeft = left - room / 2;
  }

  // Rows are counted from below.
  /** @param {number} right @param {number} down */
  const toward = (right, down) =>
    now && { row: Math.min(now.rows - 1, Math.max(0, now.selected.row - down)), column: now.selected.column + right };
  const hovered = picking(canvas, { under, toward, draw, onHover, onSelect });
  new ResizeObserver(() => root.clientWidth && draw()).observe(root);

  return {
    /** @param {Page.LensPicture} picture @param {string} name */
    show(picture, name) {
      const moved = picture.selected.column !== now?.selected.column;
      now = picture;
      canvas.setAttribute('aria-label', name);
      draw();
      if (moved) reveal();
    },
  };
}
