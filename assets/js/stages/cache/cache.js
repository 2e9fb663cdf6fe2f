// The KV cache: its content, how it fills, what it saves, and what a smaller one would change.

import { hasAny } from '../../core/state/store.js';
import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { explain } from '../../core/errors.js';
import { nFed } from '../../maths/tokens.js';
import { layersTable } from '../../parts/panel/cache_table.js';
import { fillCard } from './fill.js';
import { raceCard } from './race.js';
import { sizesCard } from './sizes.js';
import { variantCard } from './variant.js';
import { cache as words } from './words/cache.js';

export { cache as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, view } = ctx;
  const facts = h('dl', { class: 'facts' });
  const card = () => h('div', { class: 'card' });
  const places = { grid: card(), sizes: card(), race: card(), variant: card() };
  const layers = h('div');
  const mark = checkMark();
  const failure = h('div');
  const body = h(
    'div',
    { class: 'panel' },
    h(
      'div',
      { class: 'card' },
      facts,
      h('details', { class: 'kv-layers' }, h('summary', { class: 'dim' }, words.layers), layers),
      mark.element,
    ),
    ...Object.values(places),
  );
  root.append(failure, body);
  const grid = fillCard(places.grid, ctx);
  const sizes = sizesCard(places.sizes, ctx);
  const race = raceCard(places.race, ctx);
  const variant = variantCard(places.variant, ctx);
  /** @type {Page.CacheScene} */
  let now = null;
  const asking = createAsk();
  /** @type {Payload.KVCacheRecord} */
  let tableOf = null;

  /** @param {Page.State} state */
  function show(state) {
    const { cache, costs, run } = now;
    fill(facts, figures(words.facts({ cache, costs, run, card: state.card })));
    if (tableOf !== cache) fill(layers, layersTable(cache.layers, cache.bytes));
    tableOf = cache;
    mark.show([...cache.checks, ...costs.checks]);
    grid.update({ ...now, selection: state.selection, step: state.step });
  }

  /** @param {Page.State} state */
  function load({ run }) {
    const n = { n_steps: run.steps.length };
    asking.ask({
      key: `${run.key}:${nFed(run)}`,
      question: () => Promise.all([view('kv_cache', n), view('cache_costs', n)]),
      onanswer([cache, costs]) {
        body.hidden = !cache.layers.length;
        if (body.hidden) {
          notice(failure, words.none(store.state.card));
          return;
        }
        fill(failure);
        now = { run, cache, costs };
        show(store.state);
        sizes.update({ n: nFed(run), card: store.state.card });
        variant.offer(costs.quantised);
      },
      onerror(error) {
        asking.forget();
        notice(failure, explain(error));
      },
    });
  }

  /** @param {Page.State} state @param {Page.Changes} changed */
  function update(state, changed) {
    load(state);
    const current = now && now.run.key === state.run.key;
    if (current && hasAny(changed, ['selection', 'step', 'card'])) show(state);
    if (current && changed.has('card')) sizes.update({ n: nFed(now.run), card: state.card });
    race.update(state);
    variant.update(state);
  }

  return { update };
}
