// The roofline of this machine, with the passes of this run below it.

import { linesKey } from '../../charts/lines.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts } from '../../core/elements/facts.js';
import { bytes, flops, num, pct } from '../../maths/format.js';
import { measurement } from '../../parts/panel/measurement.js';
import { xy } from './charts/xy.js';
import { latency as words } from './words/latency.js';

const SPAN = [0.1, 1000];
const SERIES = [
  { name: words.limit, kind: 'roof' },
  { name: words.run, kind: 'roof-run' },
  { name: words.batches, kind: 'roof-batch' },
];

/**
 * Dots with their share of a roof that may have been raised since they were measured.
 * @param {Payload.RooflinePoint[]} dots
 * @param {Payload.Roofline} r
 */
const under = (dots, r) =>
  dots.map((dot) => ({ ...dot, share: dot.achieved / Math.min(r.flops, dot.intensity * r.bandwidth) }));

/**
 * The card in `root`; `raise(roofline)` replaces the roof, `add(dots)` draws measured batches under it.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function roofCard(root, ctx) {
  const work = measurement(ctx, {
    job: 'roofline',
    args: () => ({}),
    show,
    go: words.roofGo,
    stop: words.stop,
    onforget: () => {
      batches = [];
      latest = null;
    },
  });
  const figures = h('dl', { class: 'facts' });
  const place = h('div', { class: 'roof-chart' });
  const rows = h('tbody');
  const table = h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'cache-table' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          words.dotTable.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      rows,
    ),
  );
  work.found.append(figures, linesKey(SERIES), place, table);
  root.append(
    h('h2', {}, words.roof),
    h('p', { class: 'dim' }, words.roofNote(ctx.store.state.card)),
    h('div', { class: 'kv-controls' }, work.button),
    work.found,
    work.status,
  );
  const chart = xy(place);
  /** @type {Payload.RooflinePoint[]} */
  let batches = [];
  /** @type {Payload.RooflineRun} */
  let latest = null;

  function draw() {
    const { roofline: r, dots } = latest;
    const bend = r.flops / r.bandwidth;
    /** @type {Page.ChartPoint[]} */
    const roof = [
      [SPAN[0], SPAN[0] * r.bandwidth],
      [bend, r.flops],
      [Math.max(SPAN[1], 2 * bend), r.flops],
    ];
    /**
     * @param {Payload.RooflinePoint[]} list
     * @param {(dot: Payload.RooflinePoint) => string} name
     * @returns {Page.ChartPoint[]}
     */
    const points = (list, name) => list.map((d) => [d.intensity, d.achieved, name(d)]);
    chart.show({
      title: '',
      log: true,
      x: { name: words.intensity, format: (value) => num(value, 3) },
      y: { name: '', format: words.perSecond },
      series: [
        { ...SERIES[0], points: roof, dots: false, quiet: true },
        {
          ...SERIES[2],
          points: points(batches, (d) => (d.batch === batches.at(-1).batch ? `× ${d.batch}` : '')),
          line: false,
        },
        { ...SERIES[1], points: points(dots, (d) => d.name), line: false },
      ],
    });
    fill(
      rows,
      [...dots, ...batches].map((d) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, d.name),
          [
            flops(d.flops),
            bytes(d.bytes),
            num(d.intensity, 3),
            words.seconds(d.seconds),
            words.perSecond(d.achieved),
            pct(d.share),
          ].map((text) => h('td', {}, text)),
        ),
      ),
    );
  }

  /** @param {Payload.RooflineRun} found */
  function show(found) {
    latest = { roofline: found.roofline, dots: under(found.dots, found.roofline) };
    batches = under(batches, found.roofline);
    fill(figures, facts(words.roofFacts(found)));
    draw();
    return words.roofSummary(latest);
  }

  return {
    /** @param {Payload.RooflinePoint[]} dots */
    add(dots) {
      batches = dots;
      if (latest) draw();
    },
    /** @param {Payload.Roofline} roofline */
    raise(roofline) {
      if (latest) fill(work.status, show({ ...latest, roofline }));
    },
    update: work.update,
  };
}
