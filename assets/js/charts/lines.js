// Growing lines as SVG: a few series over the same steps, with the newest value of each written at its end.

import { fill, h, svg } from '../core/elements/dom.js';

const HEIGHT = 190;
const PAD = { top: 12, right: 86, bottom: 26, left: 72 };

/**
 * About three round numbers from 0 that cover `high`.
 * @param {number} high
 */
export function ticks(high) {
  const rough = Math.max(high, 1e-12) / 3;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * unit >= rough) * unit;
  return Array.from({ length: Math.ceil(high / step) + 1 }, (_, i) => i * step);
}

/**
 * Moves the labels at the ends of the lines apart where they would overlap.
 * @template {{ y: number }} Label
 * @param {Label[]} labels
 */
function moveApart(labels) {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i += 1) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + 14);
  return labels;
}

/**
 * A chart in `root`, which is drawn by `show`.
 * @param {Element} root
 */
export function lines(root) {
  const title = h('h3');
  const place = h('div', { class: 'lines-place' });
  root.append(title, place);
  /** @type {Page.Lines} */
  let chart = null;
  new ResizeObserver(() => chart && draw()).observe(place);

  function draw() {
    const { series, n, format, axis } = chart;
    const width = Math.max(240, place.clientWidth);
    const inner = { width: width - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
    const levels = ticks(Math.max(...series.flatMap(({ values }) => values.filter((v) => v !== null)), 1e-9));
    const x = (/** @type {number} */ i) => PAD.left + (n > 1 ? (i / (n - 1)) * inner.width : 0);
    const y = (/** @type {number} */ value) => PAD.top + inner.height * (1 - value / levels.at(-1));
    const drawn = series.map(({ name, kind, values }) => {
      const points = values.map((value, i) => (value === null ? null : [x(i), y(value)])).filter(Boolean);
      return { name, kind, points, last: values.filter((v) => v !== null).at(-1) };
    });
    const ends = moveApart(
      drawn
        .filter(({ points }) => points.length)
        .map((line) => ({ ...line, x: line.points.at(-1)[0], y: line.points.at(-1)[1] })),
    );
    fill(
      place,
      svg(
        'svg',
        {
          width,
          height: HEIGHT,
          class: 'lines',
          role: 'img',
          'aria-label': `${chart.title}. ${drawn.map((d) => `${d.name}: ${d.last === undefined ? '–' : format(d.last)}`).join('; ')}.`,
        },
        levels.map((level) => [
          svg('line', { x1: PAD.left, x2: PAD.left + inner.width, y1: y(level), y2: y(level), class: 'level' }),
          svg('text', { x: PAD.left - 6, y: y(level) + 4, class: 'end' }, format(level)),
        ]),
        svg('text', { x: PAD.left, y: HEIGHT - 8 }, '1'),
        n > 1 && svg('text', { x: PAD.left + inner.width, y: HEIGHT - 8, class: 'end' }, n),
        svg('text', { x: PAD.left + inner.width / 2, y: HEIGHT - 8, class: 'middle' }, axis),
        drawn.map(({ kind, points }) => [
          svg('polyline', { points: points.map((p) => p.join()).join(' '), class: `line ${kind}` }),
          points.length < 33 && points.map(([cx, cy]) => svg('circle', { cx, cy, r: 2.5, class: `dot ${kind}` })),
        ]),
        ends.map((end) => svg('text', { x: end.x + 8, y: end.y + 4, class: `value ${end.kind}` }, format(end.last))),
      ),
    );
  }

  return {
    /** @param {Page.Lines} next */
    show(next) {
      chart = next;
      fill(title, next.title);
      draw();
    },
  };
}

/**
 * The key of a chart's lines.
 * @param {Page.LineStyle[]} series
 */
export const linesKey = (series) =>
  h(
    'p',
    { class: 'dim lines-key' },
    series.map(({ name, kind }) => h('span', {}, h('span', { class: `line-sample ${kind}` }), name)),
  );
