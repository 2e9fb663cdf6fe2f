// The foot of a panel: how it is computed, with this run's numbers, and the code that did it. Both are closed at first.

import { hasAny } from '../../core/state/store.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { sequence } from '../../maths/tokens.js';
import { depths as words } from '../words/depths.js';

/** @type {(keyof Page.State)[]} */
const WATCHED = ['run', 'card', 'step', 'selection'];

/**
 * What the formulas of a stage need from the page's state.
 * @param {Page.State} state
 * @returns {Page.FormulaScene}
 */
function scene({ run, card, step, selection }) {
  const tokens = sequence(run);
  return { run, card, tokens, position: Math.min(selection.position, tokens.length - 1), now: run.steps[step] };
}

/**
 * Appends the foot of a stage's panel to `root`.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {Page.StageName} stage
 * @param {Page.StageModule['formulas']} formulasOf
 * @returns {Page.Panel}
 */
export function mountDepths(root, { store, view }, stage, formulasOf) {
  const formulas = h('ol', { class: 'formulas' });
  const listing = h('div', { class: 'listing' });
  const how = disclosure(words.how, formulas, () => compute(store.state));
  const code = disclosure(words.code, listing, load);
  root.append(h('div', { class: 'card depths' }, how, code));
  const asking = createAsk();

  /**
   * @param {string} name
   * @param {HTMLElement} body
   * @param {() => void} onopen
   */
  function disclosure(name, body, onopen) {
    /** @type {HTMLDetailsElement} */
    const details = h('details', { ontoggle: () => details.open && onopen() }, h('summary', {}, name), body);
    return details;
  }

  /** @param {Page.State} state */
  function compute(state) {
    if (!how.open || !state.card) return;
    const lines = /** @type {Page.Formula[]} */ ((formulasOf(scene(state)) || []).filter(Boolean));
    if (!lines.length) {
      fill(formulas, h('li', { class: 'dim' }, words.none));
      return;
    }
    fill(
      formulas,
      lines.map(({ formula, numbers, note }) =>
        h(
          'li',
          {},
          h('code', {}, formula),
          h('span', { class: 'with' }, numbers),
          note && h('span', { class: 'dim' }, note),
        ),
      ),
    );
  }

  function load() {
    asking.ask({
      key: store.state.card?.model_id,
      question() {
        notice(listing, words.waiting);
        return view('code', { stage });
      },
      onanswer({ functions }) {
        fill(
          listing,
          functions.map(({ file, line, text }) => [
            h('p', { class: 'where' }, words.at(file, line)),
            numberLines(text, line),
          ]),
        );
      },
      onerror(error) {
        asking.forget();
        notice(listing, explain(error));
      },
    });
  }

  return {
    update(state, changed) {
      if (hasAny(changed, WATCHED)) compute(state);
      if (code.open && changed.has('card')) load();
    },
  };
}

/**
 * The lines of a function with their numbers, which are not copied with the text.
 * @param {string} text
 * @param {number} first
 */
function numberLines(text, first) {
  const lines = text
    .split('\n')
    .map((one, i) => h('span', { class: 'line', dataset: { line: first + i } }, `${one}\n`));
  return h('pre', { tabindex: '0', role: 'region', 'aria-label': words.code }, h('code', {}, lines));
}
