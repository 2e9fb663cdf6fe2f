// Prefill: one forward pass over all positions; its attention, head by head, and what it left in the KV cache.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { explain } from '../../core/errors.js';
import { captureChecks, hasMaps } from '../../maths/models.js';
import { nFed, sequence } from '../../maths/tokens.js';
import { bertvizSection } from './bertviz.js';
import { cacheCard } from './cache.js';
import { headSection } from './head.js';
import { headsCard } from './heads.js';
import { mapCard } from './map.js';
import { positionLists } from './position.js';
import { prefill as words } from './words/prefill.js';

export { prefill as formulas } from './words/formulas.js';

const IDLE = 400;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, view } = ctx;
  /** @type {Page.MapScope} */
  let scope = 'prompt';
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;
  const cacheAsk = createAsk();
  const checkAsk = createAsk();

  const facts = h('dl', { class: 'facts' });
  const refusal = h('div', { hidden: true });
  const headsRoot = h('div', { class: 'heads-card' });
  const mapRoot = h('div', { class: 'map-card' });
  const listsRoot = h('div', { class: 'lists-card' });
  const stepsRoot = h('div');
  const attention = h('div', { class: 'card attention' }, headsRoot, mapRoot, listsRoot);
  const cacheRoot = h('div', { class: 'card' });
  const bertvizRoot = h('div');
  const mark = checkMark(attention, stepsRoot, cacheRoot, bertvizRoot);
  root.append(h('div', { class: 'card' }, facts, mark.element), refusal, attention, stepsRoot, cacheRoot, bertvizRoot);
  const heads = headsCard(headsRoot, ctx);
  const steps = headSection(stepsRoot, ctx);
  /** @param {Page.MapScope} next */
  const setScope = (next) => {
    scope = next;
    update(store.state, new Set(['scope']));
  };
  const map = mapCard(mapRoot, ctx, setScope, steps.pick);
  const lists = positionLists(listsRoot, ctx);
  const cache = cacheCard(cacheRoot);
  const bertviz = bertvizSection(bertvizRoot, ctx);

  /**
   * How many positions the maps show: those of the prompt alone, which do not change while decoding goes on, unless the
   * answer is asked for or a token of it is selected.
   * @param {Page.Run} run
   * @param {Page.Selection} selection
   */
  function positions(run, selection) {
    const n = run.tokens.length;
    return scope === 'all' || selection.position >= n ? nFed(run) : n;
  }

  /** @param {Page.State} state */
  function showCache({ run, card, selection }) {
    cacheAsk.ask({
      question: () => view('kv_cache', { n_steps: run.steps.length }),
      onanswer(answer) {
        const prompt_bytes = answer.bytes - answer.bytes_per_token * (answer.n_positions - run.tokens.length);
        cache.update({ cache: answer, run, selection, card });
        showFacts({ run, card, cache: { ...answer, prompt_bytes } });
      },
      onerror: (error) => cache.fail(explain(error)),
    });
  }

  /** @param {Parameters<typeof words.facts>[0]} now */
  function showFacts(now) {
    fill(facts, figures(words.facts(now)));
  }

  /** @param {Payload.RunChecks | null} answer */
  function showMark(answer) {
    const { card } = store.state;
    /** @param {Page.Check[]} checks @param {string} where */
    const withPlace = (checks, where) => checks.map((one) => ({ ...one, name: `${one.name} (${where})` }));
    const here = answer ? withPlace(answer.checks, words.check.here) : [];
    const note = answer
      ? [words.check.took(answer.seconds), ...answer.skipped].join(' ')
      : mark.element.open
        ? words.check.running
        : '';
    mark.show([...here, ...withPlace(captureChecks(card), words.check.loaded)], note);
  }

  /** Makes a second forward pass of this run, but only while its numbers are open to be read. */
  function check() {
    const { run, selection, card } = store.state;
    const { layer, head } = selection;
    if (!mark.element.open || !card || store.state.following) return;
    checkAsk.ask({
      key: JSON.stringify([run.key, nFed(run), layer, head]),
      question() {
        showMark(null);
        return view('prefill_checks', { layer, head, n_steps: run.steps.length });
      },
      onanswer: showMark,
      onerror: (error) => mark.show(captureChecks(card), explain(error)),
    });
  }

  function checkSoon() {
    clearTimeout(timer);
    timer = setTimeout(check, IDLE);
  }

  mark.element.addEventListener('toggle', checkSoon);

  /**
   * Replaces all parts that would show maps by one note that this model has none.
   * @param {number} n
   */
  async function refuse(n) {
    [attention, stepsRoot, bertvizRoot].forEach((part) => {
      part.hidden = true;
    });
    refusal.hidden = false;
    if (refusal.children.length) return;
    try {
      await view('attention_overview', { layer_start: 0, n_positions: n });
    } catch (error) {
      notice(refusal, explain(error));
    }
  }

  /** @param {Page.State} state @param {Set<keyof Page.State | 'scope'>} changed */
  function update(state, changed) {
    const { run, card, selection } = state;
    /** @param {...(keyof Page.State | 'scope')} keys */
    const has = (...keys) => keys.some((key) => changed.has(key));
    const n = positions(run, selection);
    const now = { run, card, selection, n, tokens: sequence(run), nFed: nFed(run) };
    if (has('run', 'card')) showFacts({ run, card });
    if (has('card')) showMark(null);
    if (has('run', 'card', 'selection')) showCache(state);
    if (has('run', 'selection')) checkSoon();
    if (card && !hasMaps(card)) refuse(n);
    else if (has('run', 'card', 'selection', 'scope', 'stage', 'theme')) {
      heads.update(now, has('theme'));
      map.update(now, has('theme'));
      lists.update(now);
      steps.update(now, has('theme'));
      bertviz.update(now);
    }
  }

  return { update };
}
