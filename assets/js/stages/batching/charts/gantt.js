// Requests over time: waiting, prefill, decoding, a tick for each token; and below, the load of each forward pass.

import { ticks } from '../../../charts/lines.js';
import { h, svg } from '../../../core/elements/dom.js';
import { batching as words } from '../words/batching.js';

const ROW = 22;
const PAD = { top: 6, right: 14, bottom: 24, left: 76 };
const STRIP = 44;
const PARTS = /** @type {(keyof typeof words.cellKey)[]} */ (Object.keys(words.cellKey));

/**
 * A figure of one way to serve. The axis ends at `until` seconds; a pass holds at most `limit` requests.
 * @param {Payload.BatchingResultAnswer} way
 * @param {{ width: number, until: number, limit: number }} options
 */
export function gantt(way, { width, until, limit }) {
  const inner = width - PAD.left - PAD.right;
  /** @param {number} seconds */
  const x = (seconds) => PAD.left + (inner * seconds) / until;
  const rows = way.served.length * ROW;
  const height = PAD.top + rows + STRIP + PAD.bottom + 12;
  /** @param {number} i @param {number} from @param {number} to @param {string} kind */
  const bar = (i, from, to, kind) =>
    svg('rect', {
      x: x(from),
      y: PAD.top + i * ROW + 3,
      width: Math.max(0.5, x(to) - x(from)),
      height: ROW - 7,
      rx: 2,
      class: kind,
    });
  /** @param {Payload.ServedAnswer} one @param {number} i */
  const row = (one, i) => [
    svg('text', { x: PAD.left - 8, y: PAD.top + i * ROW + 15, class: 'end' }, words.row(i)),
    bar(i, one.arrival, one.started, 'waits'),
    bar(i, one.started, one.times[0], 'prefill'),
    bar(i, one.times[0], one.times.at(-1), 'decode'),
    one.times.map((time) =>
      svg('line', {
        x1: x(time),
        x2: x(time),
        y1: PAD.top + i * ROW + 3,
        y2: PAD.top + i * ROW + ROW - 4,
        class: 'token',
      }),
    ),
  ];
  const base = PAD.top + rows + STRIP + 6;
  /** @param {number} n @param {number} most */
  const heightOf = (n, most) => (STRIP * n) / Math.max(1, most);
  /** @param {Payload.Step} step */
  const pass = (step) =>
    svg(
      'rect',
      {
        x: x(step.start),
        y: base - heightOf(step.n_requests, limit),
        width: Math.max(0.5, x(step.end) - x(step.start) - 0.5),
        height: heightOf(step.n_requests, limit),
        class: 'pass',
      },
      svg('title', {}, `${words.seconds(step.start)}: ${step.n_requests}`),
    );
  const blocks =
    way.n_blocks > 0 &&
    svg('polyline', {
      points: way.steps.map((step) => `${x(step.end)},${base - heightOf(step.blocks, way.n_blocks)}`).join(' '),
      class: 'blocks',
    });
  const summary = way.served.map((one, i) => words.rowSummary(i, one)).join('; ');
  return svg(
    'svg',
    { width, height, class: 'gantt', role: 'img', 'aria-label': `${words.gantt}. ${summary}.` },
    ticks(until)
      .filter((t) => t <= until)
      .map((t) => [
        svg('line', { x1: x(t), x2: x(t), y1: PAD.top, y2: base, class: 'level' }),
        svg('text', { x: x(t), y: height - 6, class: 'middle' }, words.seconds(t)),
      ]),
    way.served.map(row),
    svg('line', { x1: PAD.left, x2: width - PAD.right, y1: base, y2: base, class: 'level' }),
    way.steps.map(pass),
    blocks,
    svg('text', { x: PAD.left - 8, y: base - STRIP + 10, class: 'end' }, limit),
    svg('text', { x: PAD.left - 8, y: base, class: 'end' }, '0'),
  );
}

/**
 * Rows of one padded tensor: padding, prompt, tokens fed back, and what was computed after a row's end.
 * @param {Payload.BatchingResultAnswer} way
 */
export function paddedRows(way) {
  const longest = Math.max(...way.served.map((one) => one.n_prompt));
  const most = Math.max(...way.served.map((one) => one.tokens.length));
  return h(
    'div',
    { class: 'padded', role: 'img', 'aria-label': words.cellsNote(way) },
    way.served.map((one) => {
      // A request's last token is never fed back: no further token is computed from it.
      /** @type {Record<keyof typeof words.cellKey, number>} */
      const parts = {
        pad: longest - one.n_prompt,
        prompt: one.n_prompt,
        made: one.tokens.length - 1,
        waste: most - one.tokens.length,
      };
      return h(
        'div',
        { class: 'padded-row' },
        PARTS.map(
          (kind) =>
            parts[kind] > 0 &&
            h('span', {
              class: `cell-${kind}`,
              title: `${words.cellKey[kind]}: ${parts[kind]}`,
              style: { 'flex-grow': String(parts[kind]), '--n': String(parts[kind]) },
            }),
        ),
      );
    }),
  );
}
