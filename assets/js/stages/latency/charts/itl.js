// Inter-token latencies: one column for each token, and lines at their percentiles.

import { ticks } from '../../../charts/lines.js';
import { fill, h, svg } from '../../../core/elements/dom.js';

const HEIGHT = 150;
const PAD = { top: 12, right: 84, bottom: 24, left: 56 };

/**
 * Draws `values` in `root`; a click on a column calls `onpick` with its index.
 * @param {HTMLElement} root
 * @param {Page.Columns} columns
 */
export function itlColumns(root, { values, marks, format, title, onpick }) {
  const width = Math.max(240, root.clientWidth);
  const inner = { width: width - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
  const levels = ticks(Math.max(...values));
  /** @param {number} value */
  const y = (value) => PAD.top + inner.height * (1 - value / levels.at(-1));
  const step = inner.width / values.length;
  const gap = step > 4 ? 1 : 0;
  fill(
    root,
    h('h3', {}, title),
    svg(
      'svg',
      {
        width,
        height: HEIGHT,
        class: 'lines itl',
        role: 'img',
        'aria-label': `${title}: ${marks.map(({ name, value }) => `${name} ${format(value)}`).join(', ')}`,
      },
      levels.map((level) => [
        svg('line', { x1: PAD.left, x2: PAD.left + inner.width, y1: y(level), y2: y(level), class: 'level' }),
        svg('text', { x: PAD.left - 6, y: y(level) + 4, class: 'end' }, format(level)),
      ]),
      values.map((value, i) =>
        svg(
          'rect',
          {
            x: PAD.left + i * step,
            y: y(value),
            width: Math.max(1, step - gap),
            height: Math.max(1, y(0) - y(value)),
            class: onpick ? 'column picks' : 'column',
            onclick: () => onpick?.(i),
          },
          svg('title', {}, `${i + 1}: ${format(value)}`),
        ),
      ),
      marks.map(({ name, value }) => [
        svg('line', { x1: PAD.left, x2: PAD.left + inner.width, y1: y(value), y2: y(value), class: 'mark' }),
        svg(
          'text',
          { x: PAD.left + inner.width + 6, y: y(value) + (name === 'p95' ? -2 : 10), class: 'value' },
          `${name} ${format(value)}`,
        ),
      ]),
      svg('text', { x: PAD.left, y: HEIGHT - 6 }, '1'),
      svg('text', { x: PAD.left + inner.width, y: HEIGHT - 6, class: 'end' }, values.length),
    ),
  );
}
