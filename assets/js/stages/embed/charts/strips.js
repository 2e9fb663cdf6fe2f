// Rows of a matrix as heat strips, one for each token, with its norm beside it.

import { pixels } from '../../../charts/heatmap.js';
import { chip, spokenName } from '../../../core/elements/chip.js';
import { diverging } from '../../../core/elements/color.js';
import { fill, h } from '../../../core/elements/dom.js';
import { sharpness } from '../../../core/elements/pixels.js';
import { num } from '../../../maths/format.js';
import { embed as words } from '../words/embed.js';

const HEIGHT = 18;

/**
 * Paints one row of `data` across a canvas, with colours from -reach to reach.
 * @param {HTMLCanvasElement} canvas
 * @param {Page.Numbers} data
 * @param {number} reach
 */
function paint(canvas, data, reach) {
  const ratio = sharpness(canvas);
  const width = Math.max(1, canvas.clientWidth);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const around = diverging();
  const small = pixels({ data, rows: 1, cols: data.length, scale: (t) => around(2 * t - 1), domain: [-reach, reach] });
  const context = canvas.getContext('2d');
  // With fewer pixels than columns the browser's smoothing averages them; with more, columns stay sharp.
  context.imageSmoothingEnabled = canvas.width < data.length;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/**
 * @param {HTMLElement} root
 * @param {{ onSelect: (position: number) => void, onHover: (cell: Page.RowStripCell | null) => void }} events
 */
export function strips(root, { onSelect, onHover }) {
  const list = h('div', { class: 'strips' });
  root.append(list);
  /** @type {ReturnType<typeof make>[]} */
  let lines = [];
  let reach = 1;
  new ResizeObserver(() =>
    lines.forEach(({ canvas, row }) => canvas.clientWidth && paint(canvas, row.data, reach)),
  ).observe(list);

  /** @param {Page.RowStrip} row @param {number} widest */
  function make(row, widest) {
    const { token, data, norm } = row;
    const canvas = h('canvas', { class: 'strip-canvas', 'aria-hidden': 'true' });
    canvas.addEventListener('pointermove', (event) => {
      const box = canvas.getBoundingClientRect();
      const index = Math.min(
        data.length - 1,
        Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * data.length)),
      );
      onHover({ token, index, value: data[index] });
    });
    canvas.addEventListener('pointerleave', () => onHover(null));
    canvas.addEventListener('click', () => onSelect(token.position));
    const name = chip(token, {
      tag: 'button',
      type: 'button',
      limit: 14,
      'aria-label': words.normed(spokenName(token), norm),
      onclick: () => onSelect(token.position),
    });
    const bar = h('span', { class: 'bar', style: { width: `${(100 * norm) / widest}%` } });
    const element = h(
      'div',
      { class: 'strip-row' },
      name,
      canvas,
      h(
        'span',
        { class: 'norm' },
        h('span', { class: 'track' }, bar),
        h('span', { class: 'value' }, norm.toPrecision(3)),
      ),
    );
    return { row, canvas, element };
  }

  return {
    /** @param {Page.RowStrips} next */
    show(next) {
      reach = next.reach;
      lines = next.rows.map((row) => make(row, next.widest));
      fill(
        list,
        lines.map((part) => part.element),
      );
      lines.forEach(({ canvas, row }) => paint(canvas, row.data, reach));
      this.mark(next.selected);
    },
    /** @param {number} position */
    mark(position) {
      for (const { row, element } of lines) {
        const selected = row.token.position === position;
        element.classList.toggle('selected', selected);
        if (
          selected &&
          (element.offsetTop < list.scrollTop ||
            element.offsetTop + element.offsetHeight > list.scrollTop + list.clientHeight)
        ) {
          list.scrollTop = element.offsetTop - list.clientHeight / 2;
        }
      }
    },
  };
}

/**
 * A function that draws the legend of a diverging scale, with the numbers at its ends.
 * @param {HTMLElement} root
 */
export function legend(root) {
  return (/** @type {number} */ reach, note = '') => {
    const canvas = h('canvas', { class: 'legend-canvas', width: 129, height: 1, 'aria-hidden': 'true' });
    const around = diverging();
    const data = Float32Array.from({ length: 129 }, (_, i) => i / 64 - 1);
    canvas
      .getContext('2d')
      .drawImage(pixels({ data, rows: 1, cols: 129, scale: (t) => around(2 * t - 1), domain: [-1, 1] }), 0, 0);
    fill(
      root,
      h('span', {}, num(-reach)),
      canvas,
      h('span', {}, num(reach)),
      note && h('span', { class: 'dim' }, note),
    );
  };
}
