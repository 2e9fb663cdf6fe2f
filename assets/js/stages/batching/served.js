// How the requests were served: both ways side by side on one time axis, and request by request.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts } from '../../core/elements/facts.js';
import { num } from '../../maths/format.js';
import { gantt, paddedRows } from './charts/gantt.js';
import { batching as words } from './words/batching.js';

/** @param {Record<string, string>} names @param {string} prefix */
const legend = (names, prefix) =>
  h(
    'p',
    { class: 'dim kv-legend' },
    Object.entries(names).map(([kind, name]) =>
      h('span', {}, h('span', { class: `swatch ${prefix}-${kind}` }), ' ', name),
    ),
  );
/** @param {Payload.ServedAnswer} served */
const ids = ({ tokens }) => tokens.map(({ id }) => id).join();

export function servedView() {
  const ways = h('div', { class: 'batch-ways' });
  const cells = h('div');
  const rows = h('tbody');
  const head = h(
    'thead',
    {},
    h(
      'tr',
      {},
      h('td', { colspan: 3 }),
      h('th', { colspan: 2, scope: 'colgroup' }, words.static),
      h('th', { colspan: 2, scope: 'colgroup' }, words.continuous),
      h('td', {}),
    ),
    h(
      'tr',
      {},
      words.table.map((name) => h('th', { scope: 'col' }, name)),
    ),
  );
  const table = h('div', { class: 'scroll' }, h('table', { class: 'cache-table' }, head, rows));
  const answers = h('ol', { class: 'batch-answers' });
  const element = h(
    'div',
    { class: 'measure-found' },
    legend(words.key, 'gantt'),
    ways,
    cells,
    h('h3', {}, words.answers),
    answers,
    h('h3', {}, words.perRequest),
    table,
  );
  /** @type {Payload.BatchingAnswer} */
  let result = null;
  new ResizeObserver(() => result && draw()).observe(ways);

  /**
   * @param {'static' | 'continuous'} kind
   * @param {Payload.BatchingResultAnswer | null} found
   * @param {number} until
   * @param {number} limit
   */
  function way(kind, found, until, limit) {
    const note = { static: words.staticNote, continuous: words.continuousNote }[kind];
    const title = [h('h3', {}, words[kind]), h('p', { class: 'dim' }, note)];
    if (!found)
      return h(
        'section',
        {},
        title,
        result.reason && h('p', { class: 'notice', role: 'status' }, words.none(result.reason)),
      );
    const width = Math.max(
      280,
      (ways.clientWidth - (ways.clientWidth > 860 ? 28 : 0)) / (ways.clientWidth > 860 ? 2 : 1),
    );
    return h(
      'section',
      {},
      title,
      h('dl', { class: 'facts' }, facts(words.facts(found))),
      gantt(found, { width, until, limit }),
      h(
        'p',
        { class: 'dim' },
        words.load,
        found.n_blocks > 0 && [
          '. ',
          h('span', { class: 'line-sample gantt-blocks' }),
          words.blocks(found.n_blocks, found.block_size),
        ],
      ),
    );
  }

  /** @param {Payload.ServedAnswer} one @param {number} i */
  function row(one, i) {
    const other = result.continuous?.served[i];
    const times = [one.ttft, one.latency, other?.ttft, other?.latency].map((value) =>
      value === undefined ? '–' : words.seconds(value),
    );
    const same = one.equal && (!other || other.equal);
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, words.row(i)),
      [num(one.n_prompt), num(one.tokens.length), ...times, words.both(same)].map((text) => h('td', {}, text)),
    );
  }

  /**
   * The answer to a request, shown once where both ways gave the same tokens.
   * @param {Payload.ServedAnswer} one
   * @param {number} i
   */
  function answer(one, i) {
    const other = result.continuous?.served[i];
    /** @param {string} title @param {Payload.ServedAnswer} served */
    const tokensOf = (title, { tokens }) => [
      h('span', { class: 'dim' }, title),
      h(
        'div',
        { class: 'segment-row' },
        tokens.map((token) => chip(token)),
      ),
    ];
    if (!other || ids(one) === ids(other)) return h('li', {}, tokensOf(words.answer(i, one), one));
    return h(
      'li',
      {},
      tokensOf(words.answerBy(words.static, i, one), one),
      tokensOf(words.answerBy(words.continuous, i, other), other),
    );
  }

  function draw() {
    const both = [result.static, result.continuous].filter(Boolean);
    const until = Math.max(...both.flatMap(({ served }) => served.map((one) => one.times.at(-1))));
    const limit = result.static.served.length;
    fill(ways, way('static', result.static, until, limit), way('continuous', result.continuous, until, limit));
    fill(
      cells,
      h('h3', {}, words.cells),
      h('p', { class: 'dim' }, words.cellsNote(result.static)),
      paddedRows(result.static),
      legend(words.cellKey, 'cell'),
    );
    fill(answers, result.static.served.map(answer));
    fill(rows, result.static.served.map(row));
  }

  return {
    element,
    /** @param {Payload.BatchingAnswer} found */
    show(found) {
      result = found;
      draw();
    },
  };
}
