// Latency: the times of this run, their parts, the machine's limits, and how times grow with length and batch size.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { facts } from '../../core/elements/facts.js';
import { explain } from '../../core/errors.js';
import { itlColumns } from './charts/itl.js';
import { roofCard } from './roof.js';
import { splitCard } from './split.js';
import { batchCard, lengthsCard } from './sweeps.js';
import { latency as words } from './words/latency.js';

export { latency as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, select } = ctx;
  const card = () => root.appendChild(h('div', { class: 'card' }));
  const figures = h('dl', { class: 'facts' });
  const summary = h('p', { class: 'measure-said' });
  const charts = { inOrder: h('div'), sorted: h('div') };
  card().append(
    h('h2', {}, words.title),
    h('p', { class: 'dim' }, words.note),
    figures,
    h('div', { class: 'kv-charts' }, Object.values(charts)),
    summary,
  );
  const split = splitCard(card(), ctx);
  const roof = roofCard(card(), ctx);
  const lengths = lengthsCard(card(), ctx, ({ roofline }) => roof.raise(roofline));
  const batches = batchCard(card(), ctx, ({ points, roofline }) => {
    roof.add(points.map(({ dot }) => dot));
    roof.raise(roofline);
  });
  /** @type {Payload.Latency} */
  let latest = null;
  const asking = createAsk();
  new ResizeObserver(() => latest && columns()).observe(charts.inOrder);

  /** @returns {void} */
  function columns() {
    const { itl, n_tokens: n } = latest;
    if (!itl.length)
      return void Object.values(charts).forEach((place, i) =>
        fill(place, i ? null : h('p', { class: 'dim' }, words.short)),
      );
    const marks = [
      { name: 'p50', value: latest.itl_p50 },
      { name: 'p95', value: latest.itl_p95 },
    ];
    // Tokens reused from an earlier run stand before those that this run generated.
    /** @param {number} i */
    const pick = (i) => {
      const step = n - itl.length + i;
      store.set({ step });
      select({ position: store.state.run.tokens.length + step });
    };
    itlColumns(charts.inOrder, { values: itl, marks, format: words.seconds, title: words.inOrder, onpick: pick });
    itlColumns(charts.sorted, {
      values: [...itl].sort((a, b) => a - b),
      marks,
      format: words.seconds,
      title: words.sorted,
    });
  }

  /** @param {Page.State} state */
  function load({ run }) {
    asking.ask({
      key: `${run.key}:${run.steps.length}`,
      question: () => ctx.ask('latency', { n_steps: run.steps.length }),
      onanswer(found) {
        latest = found;
        fill(figures, facts(words.facts(found)));
        fill(summary, words.summary(found));
        columns();
      },
      onerror(error) {
        asking.forget();
        notice(summary, explain(error));
      },
    });
  }

  return {
    update(state) {
      if (state.status.phase !== 'running') load(state);
      for (const part of [split, roof, lengths, batches]) part.update(state);
    },
  };
}
