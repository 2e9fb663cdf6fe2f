// The rows of the embedding matrix as heat strips.

import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { label } from '../../maths/tokens.js';
import { card, contains, createRequest } from '../../parts/panel/card.js';
import { legend, strips } from './charts/strips.js';
import { embed as words } from './words/embed.js';

const PER_LINE = 8;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountRows(root, ctx) {
  const scale = h('div', { class: 'legend' });
  const readout = h('p', { class: 'readout', 'aria-live': 'off' }, words.rowsHint);
  const norms = h('p', { class: 'dim' });
  const summary = h('summary');
  const numbers = h('pre', { class: 'numbers', tabindex: 0 });
  const place = h('div');
  const part = card(words.rows, '', scale, place, readout, norms, h('details', {}, summary, numbers));
  root.append(part.element);
  const drawLegend = legend(scale);
  const chart = strips(place, {
    onSelect: (position) => ctx.select({ position }),
    onHover: (cell) =>
      fill(readout, cell ? words.rowsValue(label(cell.token), cell.index, cell.value) : words.rowsHint),
  });
  /** @type {Page.TokenWindow & { d: number, rows: Page.Numbers, norm: Page.Numbers, answer: Payload.Embeddings }} */
  let window = null;
  /** @type {Page.Scene} */
  let now = null;
  let inputNote = '';

  const ask = createRequest(ctx, 'embed_rows', part, (answer) => {
    const rows = unpack(answer.rows);
    const norm = unpack(answer.norms).data;
    const [count, d] = rows.shape;
    window = { run: now.run.key, n: answer.n_positions, start: answer.start, count, d, rows: rows.data, norm, answer };
    draw();
  });

  function draw() {
    const { answer, start, count, d, norm } = window;
    const reach = answer.typical || 1;
    const rows = now.tokens
      .slice(start, start + count)
      .map((token, i) => ({ token, data: rowOf(start + i), norm: norm[i] }));
    chart.show({ rows, reach, widest: Math.max(...norm), selected: now.position });
    drawLegend(reach, words.rowsRange(answer.low, answer.high));
    fill(part.note, words.rowsNote(d), words.rowsWindow(start, start + count, answer.n_positions), ' ', inputNote);
    fill(norms, words.meanNorm(answer.vocabulary_norm));
    mark();
  }

  /** @param {number} position */
  const rowOf = (position) =>
    window.rows.subarray((position - window.start) * window.d, (position - window.start + 1) * window.d);

  function mark() {
    chart.mark(now.position);
    fill(summary, words.allNumbers(label(now.tokens[now.position])));
    const lines = [];
    const row = rowOf(now.position);
    for (let i = 0; i < row.length; i += PER_LINE) {
      const values = [...row.subarray(i, i + PER_LINE)].map((value) => value.toFixed(5).padStart(9));
      lines.push(`${String(i).padStart(5)} ${values.join('')}`);
    }
    fill(numbers, lines.join('\n'));
  }

  return {
    /** @param {Page.Scene} at @param {Page.Changes} changed */
    update(at, changed) {
      now = at;
      if (!contains(window, now)) ask({ n: now.n, position: now.position }, `${now.run.key}:${now.n}:${now.position}`);
      else if (changed.has('theme')) draw();
      else mark();
    },
    /**
     * Adds to the note what block 0 receives, which is measured together with the positions.
     * @param {Payload.BlockInput} blockInput
     */
    receive(blockInput) {
      inputNote = words.blockInputNote(blockInput);
      if (window && contains(window, now)) draw();
    },
  };
}
