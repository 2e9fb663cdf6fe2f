// Latency over prompt length, and throughput over batch size: two live measurements with cards of one kind.

import { linesKey } from '../../charts/lines.js';
import { append, fill, h } from '../../core/elements/dom.js';
import { bytes, num } from '../../maths/format.js';
import { measurement } from '../../parts/panel/measurement.js';
import { xy } from './charts/xy.js';
import { latency as words } from './words/latency.js';

const MEASURED = { name: words.measured, kind: 'kv-with' };
const BOUND = { name: words.bound, kind: 'sweep-bound' };

/**
 * A card: a number to measure up to, two charts and a table of all points.
 * @template {'length_sweep' | 'throughput'} N
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {Page.Sweep<N>} options
 */
function sweepCard(
  root,
  ctx,
  { title, note, job, field, label, go, summary, head, row, charts, key, onfound = () => {} },
) {
  const name = field.getAttribute('name');
  const work = measurement(ctx, { job, args: () => ({ [name]: field.valueAsNumber }), show, go, stop: words.stop });
  const places = charts.map(() => h('div'));
  const rows = h('tbody');
  const table = h(
    'table',
    { class: 'cache-table' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        head.map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    rows,
  );
  append(
    work.found,
    key,
    h('div', { class: 'kv-charts' }, places),
    h('details', {}, h('summary', { class: 'dim' }, words.numbers), h('div', { class: 'scroll' }, table)),
  );
  root.append(
    h('h2', {}, title),
    h('p', { class: 'dim' }, note),
    h('div', { class: 'kv-controls' }, h('label', { class: 'number-row' }, label, field), work.button),
    work.found,
    work.status,
  );
  const plots = places.map(xy);

  /** @param {Payload.Jobs[N]} found */
  function show(found) {
    if (!found.points.length) return undefined;
    charts.forEach((chart, i) => plots[i].show(chart(found.points)));
    fill(
      rows,
      found.points.map((point) =>
        h(
          'tr',
          {},
          row(point).map((text, i) => h(i ? 'td' : 'th', i ? {} : { scope: 'row' }, text)),
        ),
      ),
    );
    onfound(found);
    return summary(found);
  }

  return work;
}

/** @param {string} name @param {number} value @param {number} min @param {number} max */
const number = (name, value, min, max) => h('input', { type: 'number', name, value, min, max });

/**
 * @param {string} title
 * @param {keyof Payload.LengthPoint} measured
 * @param {keyof Payload.LengthPoint} bound
 * @returns {(points: Payload.LengthPoint[]) => Page.Chart}
 */
const lengthChart = (title, measured, bound) => (points) => ({
  title,
  x: { name: words.tokens, format: num },
  y: { format: words.seconds },
  series: [
    { ...BOUND, points: points.map((p) => [p.n, p[bound]]), dots: false },
    {
      ...MEASURED,
      points: points.map((p, i) => [p.n, p[measured], i === points.length - 1 ? words.seconds(p[measured]) : '']),
    },
  ],
});

/**
 * Latency over prompt length; `onfound` is called at every new point.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {(found: Payload.LengthSweep) => void} onfound
 */
export const lengthsCard = (root, ctx, onfound) =>
  sweepCard(root, ctx, {
    title: words.lengths,
    note: words.lengthsNote(ctx.store.state.card),
    job: 'length_sweep',
    field: number('longest', 1024, 32, 4096),
    label: words.longest,
    go: words.lengthsGo,
    summary: words.lengthsSummary,
    head: words.lengthTable,
    row: (p) => [
      num(p.n),
      words.seconds(p.prefill),
      words.seconds(p.prefill_bound),
      words.seconds(p.step),
      words.seconds(p.step_bound),
    ],
    charts: [
      lengthChart(words.prefillTime, 'prefill', 'prefill_bound'),
      lengthChart(words.stepTime, 'step', 'step_bound'),
    ],
    key: linesKey([MEASURED, BOUND]),
    onfound,
  });

/**
 * @param {string} title
 * @param {(point: Payload.BatchPoint) => number} pick
 * @param {(value: number) => string} format
 * @returns {(points: Payload.BatchPoint[]) => Page.Chart}
 */
const batchChart = (title, pick, format) => (points) => ({
  title,
  x: { name: words.size, format: num },
  y: { format },
  series: [
    { ...MEASURED, points: points.map((p, i) => [p.batch, pick(p), i === points.length - 1 ? format(pick(p)) : '']) },
  ],
});

/**
 * Throughput over batch size; `onfound` is called at every new point.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {(found: Payload.Throughput) => void} onfound
 */
export const batchCard = (root, ctx, onfound) =>
  sweepCard(root, ctx, {
    title: words.batch,
    note: words.batchNote,
    job: 'throughput',
    field: number('largest', 32, 1, 64),
    label: words.largest,
    go: words.batchGo,
    summary: words.batchSummary,
    head: words.batchTable,
    row: (p) => [
      num(p.batch),
      num(p.rate, 3),
      words.seconds(p.step),
      bytes(p.cache_bytes),
      num(p.dot.intensity, 3),
      p.equal ? '✓' : '✗',
    ],
    charts: [
      batchChart(
        words.rateTitle,
        (p) => p.rate,
        (value) => num(value, 3),
      ),
      batchChart(words.stepTitle, (p) => p.step, words.seconds),
    ],
    key: null,
    onfound,
  });
