// Vectors as strips of cells, one under another: pointing at a dimension of one marks it in all of them.

import { pixels } from '../../../charts/heatmap.js';
import { css, diverging } from '../../../core/elements/color.js';
import { fill, h } from '../../../core/elements/dom.js';
import { sharpness, within } from '../../../core/elements/pixels.js';
import { num } from '../../../maths/format.js';

const TALL = 20;
const NARROWEST = 4.5;
const LOW = 9;

/** @param {Page.Numbers} data */
const norm = (data) => Math.hypot(...data);
/** @param {Page.Numbers} data */
const largestAbs = (data) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * How the cells of a vector are laid out: as many on a line as stay wide enough to point at.
 * @param {number} size
 * @param {number} width
 */
function layout(size, width) {
  const lines = Math.max(1, Math.ceil((size * NARROWEST) / width));
  const perLine = Math.ceil(size / lines);
  return { lines, perLine, wide: width / perLine, tall: lines > 1 ? LOW : TALL };
}

/**
 * @param {ReturnType<typeof make>} strip
 * @param {ReturnType<typeof layout>} place
 * @param {number | null} hovered
 */
function paint({ canvas, data, reach }, place, hovered) {
  const { lines, perLine, wide, tall } = place;
  const ratio = sharpness(canvas);
  const [width, height] = [perLine * wide, lines * tall];
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  canvas.style.height = `${height}px`;
  const around = diverging();
  const small = pixels({
    data,
    rows: lines,
    cols: perLine,
    scale: (t) => around(2 * t - 1),
    domain: [-reach || -1, reach || 1],
    blank: (row, col) => row * perLine + col >= data.length,
  });
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (hovered === null) return;
  context.scale(ratio, ratio);
  context.lineWidth = 2;
  context.strokeStyle = css('--ink');
  context.strokeRect((hovered % perLine) * wide, Math.floor(hovered / perLine) * tall + 1, wide, tall - 2);
}

/** @param {Page.Strip} strip */
function make({ name, data, color, label }) {
  const canvas = h('canvas', { class: 'cells-canvas', role: 'img', 'aria-label': label(name, norm(data)) });
  const reach = largestAbs(data);
  const title = h('span', { class: 'cells-name', style: color ? { color: `var(${color})` } : {} }, name);
  return {
    canvas,
    data,
    reach,
    parts: [title, canvas, h('span', { class: 'cells-reach dim' }, `±${num(reach, 2)}`)],
  };
}

/**
 * Strips in `root`.
 * @param {HTMLElement} root
 * @param {{ onHover: (dimension: number | null) => void }} listeners
 */
export function cells(root, { onHover }) {
  const box = h('div', { class: 'cells' });
  root.append(box);
  /** @type {ReturnType<typeof make>[]} */
  let strips = [];
  /** @type {number | null} */
  let hovered = null;
  /** @type {ReturnType<typeof layout>} */
  let place = null;

  function draw() {
    const width = strips[0]?.canvas.clientWidth;
    if (!width) return;
    place = layout(strips[0].data.length, width);
    strips.forEach((strip) => paint(strip, place, hovered));
  }

  /** @param {number | null} index */
  function point(index) {
    if (index === hovered) return;
    hovered = index;
    draw();
    onHover(index);
  }

  /** @param {PointerEvent} event @param {HTMLCanvasElement} canvas */
  function under(event, canvas) {
    const { x, y } = within(canvas, event);
    const column = Math.min(place.perLine - 1, Math.max(0, Math.floor(x / place.wide)));
    const index = Math.max(0, Math.floor(y / place.tall)) * place.perLine + column;
    return index < strips[0].data.length ? index : null;
  }

  /** @param {HTMLCanvasElement} canvas */
  function listen(canvas) {
    canvas.addEventListener('pointermove', (event) => place && point(under(event, canvas)));
    canvas.addEventListener('pointerleave', () => point(null));
  }

  new ResizeObserver(draw).observe(box);
  return {
    /** @param {Page.Strip[]} rows */
    show(rows) {
      hovered = null;
      strips = rows.map(make);
      strips.forEach(({ canvas }) => listen(canvas));
      fill(
        box,
        strips.map((strip) => strip.parts),
      );
      draw();
      onHover(null);
    },
    redraw: draw,
  };
}

/**
 * The same numbers as a table, which is made when it is opened.
 * @param {string} title
 * @param {string} index the heading of the column that numbers the rows
 */
export function numbersTable(title, index) {
  const body = h('div', { class: 'scroll cells-table-body' });
  const element = h('details', { class: 'cells-table' }, h('summary', {}, title), body);
  /** @type {Pick<Page.Strip, 'name' | 'data'>[]} */
  let columns = [];

  function draw() {
    if (!element.open) return fill(body);
    const head = h(
      'tr',
      {},
      h('th', { scope: 'col' }, index),
      columns.map(({ name }) => h('th', { scope: 'col' }, name)),
    );
    const rows = Array.from(columns[0]?.data ?? [], (_, i) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, i),
        columns.map(({ data }) => h('td', {}, data[i].toPrecision(6))),
      ),
    );
    return fill(body, h('table', {}, h('thead', {}, head), h('tbody', {}, rows)));
  }

  element.addEventListener('toggle', draw);
  return {
    element,
    /** @param {typeof columns} next */
    show(next) {
      columns = next;
      draw();
    },
  };
}
