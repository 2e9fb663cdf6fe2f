// A cache that forgets (a window) or rounds (8-bit floats), beside the full one: where the answers diverge.

import { lines } from '../../charts/lines.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { num } from '../../maths/format.js';
import { measurement } from '../../parts/panel/measurement.js';
import { cache as words } from './words/cache.js';

const MOST = 64;

/**
 * The card in `root`; update(state) keeps it in step with the page, offer(backends) names the missing backends.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function variantCard(root, ctx) {
  /** @param {number} value @param {number} min @param {number} max */
  const field = (value, min, max) => h('input', { type: 'number', min, max, value });
  /** @param {string} value @param {boolean} checked */
  const radio = (value, checked) => h('input', { type: 'radio', name: 'kv-variant', value, checked });
  const kinds = { window: radio('window', true), fp8: radio('fp8', false) };
  const window = field(8, 2, 100000);
  const sinks = field(0, 0, 64);
  const nTokens = field(24, 1, MOST);
  const missing = h('p', { class: 'dim' });
  const pair = h('div', { class: 'columns' });
  const chart = h('div', { class: 'kv-drift-chart' });
  const variant = measurement(ctx, { job: 'cache_variant', args, show, go: words.compare, stop: words.stop });
  fill(variant.found, pair, chart);
  root.append(
    h('h2', {}, words.variant),
    h('p', { class: 'dim' }, words.variantNote),
    h(
      'div',
      { class: 'kv-controls' },
      h(
        'span',
        { class: 'kv-choice' },
        h('label', { class: 'radio' }, kinds.window, words.kindWindow),
        window,
        words.kindWindowUnit,
        ', ',
        h('label', { class: 'number-row' }, words.sinks, sinks),
      ),
      h('label', { class: 'radio' }, kinds.fp8, words.kindFp8),
      h('label', { class: 'number-row' }, words.tokens, nTokens),
      variant.button,
    ),
    missing,
    variant.status,
    variant.found,
  );
  window.setAttribute('aria-label', `${words.kindWindow} … ${words.kindWindowUnit}`);
  const drift = lines(chart);

  function args() {
    const kind = kinds.fp8.checked ? 'fp8' : 'window';
    const limits = kind === 'window' ? { window: window.valueAsNumber, sinks: sinks.valueAsNumber } : {};
    return { kind, n_tokens: nTokens.valueAsNumber, ...limits };
  }

  /**
   * The answer with one of the caches; from the token at `parts` on, the two answers differ.
   * @param {string} title
   * @param {number} size
   * @param {Page.RunToken[]} tokens
   * @param {number | null} parts
   */
  function side(title, size, tokens, parts) {
    const chips = tokens.map(
      (token, place) =>
        token &&
        chip(token, {
          limit: 16,
          class: parts !== null && place >= parts ? (place === parts ? 'kv-first' : 'kv-differs') : '',
        }),
    );
    return h(
      'div',
      { class: 'side' },
      h('h3', {}, title, h('span', { class: 'dim' }, ` ${words.holds(size)}`)),
      h('div', { class: 'segment-row' }, chips),
    );
  }

  /** @param {Payload.Variant} found */
  function show(found) {
    const { steps, kind, first_different: parts, n_tokens: requested } = found;
    if (!steps.length) return undefined;
    fill(
      pair,
      side(
        words.fullCache,
        found.bytes,
        steps.map((step) => step.token),
        parts,
      ),
      side(
        words.otherCache[kind],
        found.other_bytes,
        steps.map((step) => step.other),
        parts,
      ),
    );
    const values = steps.map((step) => step.drift).filter((value) => value !== null);
    drift.show({
      title: words.drift,
      n: found.ended ? values.length : requested,
      format: (/** @type {number} */ value) => num(value, 3),
      axis: words.positions,
      series: [{ name: words.drift, kind: 'kv-drift', values }],
    });
    return `${words.variantSummary(found)} ${words.free(ctx.store.state.run.recipe.forced.length)}`;
  }

  return {
    /** @param {Payload.CacheCosts['quantised']} backends */
    offer(backends) {
      const absent = backends.filter(([, installed]) => !installed).map(([name]) => name);
      fill(missing, absent.length ? words.missing(absent) : '');
    },
    update: variant.update,
  };
}
