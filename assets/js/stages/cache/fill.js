// The cache as it fills: a grid, a slider over the steps, and what the selected step reads and computes.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { bytes, flops } from '../../maths/format.js';
import { positionOf } from '../../maths/stops.js';
import { sequence } from '../../maths/tokens.js';
import { cacheGrid } from './charts/cache_grid.js';
import { cache as words } from './words/cache.js';

const FRAME_MS = 110;
/** @type {[kind: string, text: string][]} */
const KEY = [
  ['filled', words.prompt],
  ['added', words.added],
  ['now', words.now],
  ['empty', words.empty],
];

/**
 * The card in `root`; update({run, cache, costs, selection, step}) fills it.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function fillCard(root, { store, select, point }) {
  const slider = h('input', {
    type: 'range',
    min: 0,
    step: 1,
    'aria-label': words.stepLabel,
    oninput: () => take(Number(slider.value)),
  });
  const stepName = h('output', { class: 'kv-step' });
  const play = h('button', { type: 'button', class: 'quiet', onclick: watch }, words.fillIt);
  const readout = h('p', { class: 'kv-readout', 'aria-live': 'off' }, words.hover);
  const bins = h('p', { class: 'dim' });
  const side = h('div', { class: 'kv-side' });
  const place = h('div');
  const legend = h(
    'p',
    { class: 'dim kv-legend' },
    KEY.map(([kind, text]) => h('span', {}, h('span', { class: `swatch kv-${kind}` }), text)),
  );
  root.append(
    h(
      'div',
      { class: 'card-head' },
      h('h2', {}, words.grid),
      h('div', { class: 'kv-controls' }, play, slider, stepName),
    ),
    h('p', { class: 'dim' }, words.gridNote),
    h('div', { class: 'kv-fill' }, h('div', { class: 'kv-left' }, place, readout, legend, bins), side),
  );
  const grid = cacheGrid(place, { onHover: hover, onPick: pick, onBin: (k) => fill(bins, k > 1 ? words.bins(k) : '') });
  /** @type {Page.CacheScene} */
  let now = null;
  let timer = 0;

  const last = () => Math.max(0, now.run.steps.length - 1);

  /** @param {number} step */
  function take(step) {
    halt();
    go(step);
  }

  /** @param {number} step */
  function go(step) {
    store.set({ step, following: false });
    if (now.run.steps.length) select({ position: positionOf('decode', step, now.run) });
  }

  /** Plays the steps one after another, from the prefill on. */
  function watch() {
    halt();
    go(0);
    timer = window.setInterval(() => {
      // Also stops when another panel is open.
      if (store.state.stage !== 'cache' || store.state.step >= last()) return halt();
      return go(store.state.step + 1);
    }, FRAME_MS);
  }

  const halt = () => clearInterval(timer);

  /** @param {Page.CacheCell} cell */
  function pick({ row, from }) {
    halt();
    const { run, cache } = now;
    select({ position: from, layer: cache.layers[row].layer });
    if (from >= run.tokens.length)
      store.set({ step: Math.min(last(), from - run.tokens.length + 1), following: false });
  }

  /** @param {Page.CacheCell | null} cell */
  function hover(cell) {
    point?.(cell && cell.to - cell.from === 1 ? cell.from : null);
    if (!cell) return fill(readout, words.hover);
    const { cache, run } = now;
    const layer = cache.layers[cell.row];
    const places = cell.to - cell.from > 1 ? `${cell.from}–${cell.to - 1}` : cell.from;
    if (!cell.written) return fill(readout, words.cellEmpty(layer.layer, places));
    if (cell.gone) return fill(readout, words.cellGone(layer.layer, places));
    const token = sequence(run)[cell.from];
    const each = layer.bytes / layer.key_shape[2];
    return fill(
      readout,
      words.cell(layer.layer, places, token && chip(token, { limit: 14 }), each * (cell.to - cell.from)),
    );
  }

  /** @param {string} name @param {string} value @param {string} note @param {string} [kind] */
  function fact(name, value, note, kind = '') {
    return h(
      'div',
      { class: `fact ${kind}` },
      h('dt', {}, name),
      h('dd', {}, h('strong', {}, value), h('span', { class: 'dim' }, note)),
    );
  }

  /** @param {number} step @param {number} filled */
  function explain(step, filled) {
    const { run, costs } = now;
    const at = Math.min(step, costs.cached_flops.length - 1);
    const [cached, full] = [costs.cached_flops[at], costs.full_flops[at]];
    const fedToken = at ? sequence(run)[filled - 1] : null;
    fill(
      side,
      h('h3', {}, words.stepTitle(at)),
      h('p', {}, at ? words.feeds(chip(fedToken, { limit: 16 }), filled - 1) : words.feedsAll(filled)),
      h(
        'dl',
        {},
        fact(words.reads, at ? bytes(costs.cache_bytes[at]) : bytes(0), at ? words.readsNote(filled) : words.same),
        fact(words.weights, bytes(costs.weight_bytes[at]), words.weightsNote),
        fact(words.computes, flops(cached), words.computesNote(at ? 1 : filled), 'kv-with'),
        fact(words.without, flops(full), at ? words.withoutNote(filled, full / cached) : words.same, 'kv-without'),
      ),
      h('p', { class: 'dim' }, words.formula),
    );
  }

  return {
    /** @param {Page.CacheScene & Pick<Page.State, 'selection' | 'step'>} next */
    update(next) {
      now = next;
      const { run, cache } = now;
      const step = Math.min(next.step, last());
      const filled = run.tokens.length + step;
      const n = run.tokens.length + run.steps.length;
      slider.max = String(last());
      slider.value = String(step);
      slider.disabled = last() === 0;
      play.disabled = last() === 0;
      fill(stepName, words.step(step));
      const label = words.picture(cache.layers.length, run.tokens.length, filled, n);
      grid.show({
        layers: cache.layers,
        n: Math.max(n, filled),
        nPrompt: run.tokens.length,
        filled,
        selection: next.selection,
        label,
      });
      explain(step, filled);
    },
  };
}
