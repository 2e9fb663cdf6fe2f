// Points over a logarithmic x axis as SVG lines; the y axis may be logarithmic too.

import { ticks } from '../../../charts/lines.js';
import { fill, h, svg } from '../../../core/elements/dom.js';

const HEIGHT = 230;
const PAD = { top: 14, right: 92, bottom: 40, left: 84 };

/**
 * Powers of ten from `low` to `high`.
 * @param {number} low
 * @param {number} high
 */
function decades(low, high) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/**
 * Maps a value to its distance from the start of an axis that is `span` pixels long.
 * @param {number[]} values in ascending order
 * @param {number} span
 * @param {boolean} log
 * @returns {(value: number) => number}
 */
const axis = (values, span, log) => {
  const [low, high] = log ? [Math.log10(values[0]), Math.log10(values.at(-1))] : [0, values.at(-1)];
  return (value) => (span * ((log ? Math.log10(value) : value) - low)) / (high - low || 1);
};

/**
 * The values of x that have room for a label.
 * @param {number[]} values
 * @param {(value: number) => number} place
 */
function thin(values, place) {
  /** @type {number[]} */
  const kept = [];
  for (const value of values) if (!kept.length || place(value) - place(kept.at(-1)) > 44) kept.push(value);
  return kept;
}

/** @param {HTMLElement} root */
export function xy(root) {
  const title = h('h3');
  const place = h('div', { class: 'lines-place xy-place' });
  root.append(title, place);
  /** @type {Page.Chart} */
  let chart = null;
  new ResizeObserver(() => chart && draw()).observe(place);

  function draw() {
    const { series, x, y, log } = chart;
    const all = series.flatMap(({ points }) => points);
    const width = Math.max(250, place.clientWidth);
    const inner = { width: width - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
    const xs = log
      ? decades(Math.min(...all.map(([v]) => v)), Math.max(...all.map(([v]) => v)))
      : [...new Set(all.map(([v]) => v))].sort((a, b) => a - b);
    const ys = log
      ? decades(Math.min(...all.map(([, v]) => v)), Math.max(...all.map(([, v]) => v)))
      : ticks(Math.max(...all.map(([, v]) => v)));
    const across = axis(xs, inner.width, true);
    const up = axis(ys, inner.height, log);
    /** @param {number} value */
    const left = (value) => PAD.left + across(value);
    /** @param {number} value */
    const top = (value) => PAD.top + inner.height - up(value);
    const summary = series
      .filter(({ quiet }) => !quiet)
      .map(({ name, points }) => `${name}: ${points.map(([a, b]) => `${x.format(a)} ${y.format(b)}`).join(', ')}`);
    fill(
      place,
      svg(
        'svg',
        { width, height: HEIGHT, class: 'lines', role: 'img', 'aria-label': `${chart.title}. ${summary.join('; ')}.` },
        ys.map((value) => [
          svg('line', { x1: PAD.left, x2: PAD.left + inner.width, y1: top(value), y2: top(value), class: 'level' }),
          svg('text', { x: PAD.left - 6, y: top(value) + 4, class: 'end' }, y.format(value)),
        ]),
        thin(xs, left).map((value) =>
          svg('text', { x: left(value), y: HEIGHT - 22, class: 'middle' }, x.format(value)),
        ),
        svg('text', { x: PAD.left + inner.width / 2, y: HEIGHT - 5, class: 'middle' }, x.name),
        series.map(({ kind, points, line = true, dots = true }) => [
          line &&
            svg('polyline', {
              points: points.map(([a, b]) => `${left(a)},${top(b)}`).join(' '),
              class: `line ${kind}`,
            }),
          dots &&
            points.map(([a, b]) =>
              svg(
                'circle',
                { cx: left(a), cy: top(b), r: line ? 3 : 5, class: `dot ${kind}` },
                svg('title', {}, `${x.format(a)}: ${y.format(b)}`),
              ),
            ),
          // The label is beside the end of a line, but below a dot without a line: other dots may be to its right.
          points
            .filter(([, , label]) => label)
            .map(([a, b, label]) =>
              svg('text', { x: left(a) + (line ? 8 : 4), y: top(b) + (line ? 4 : 19), class: `value ${kind}` }, label),
            ),
        ]),
      ),
    );
  }

  return {
    /** @param {Page.Chart} next */
    show(next) {
      chart = next;
      fill(title, next.title);
      draw();
    },
  };
}
