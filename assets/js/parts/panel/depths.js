// The foot of a panel: how it is computed, with this run's numbers, and the code that did it. Closed until asked for.

import { hasAny } from '../../core/state/store.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { sequence } from '../../maths/tokens.js';
import { depths as words } from '../words/depths.js';

/** @type {(keyof Page.State)[]} */
const WATCHED = ['run', 'card', 'step', 'selection'];

/** What the formulas of a stage need of the page's state. */
function scene({ run, card, step, selection }) {
  const tokens = sequence(run);
  return { run, card, tokens, position: Math.min(selection.position, tokens.length - 1), now: run.steps[step] };
}

/**
 * Appends the foot of `stage`'s panel to `root`; `formulasOf(scene)` gives its formulas, or null while there are none.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {any} stage
 * @param {any} formulasOf
 */
export function mountDepths(root, { store, view }, stage, formulasOf) {
  const formulas = h('ol', { class: 'formulas' });
  const listing = h('div', { class: 'listing' });
  const how = disclosure(words.how, formulas, () => compute(store.state));
  const code = disclosure(words.code, listing, load);
  root.append(h('div', { class: 'card depths' }, how, code));
  const asking = createAsk();

  function disclosure(name, body, onopen) {
    const details = h('details', { ontoggle: () => details.open && onopen() }, h('summary', {}, name), body);
    return details;
  }

  function compute(state) {
    if (!how.open || !state.card) return;
    const lines = (formulasOf(scene(state)) || []).filter(Boolean);
    if (!lines.length) return void fill(formulas, h('li', { class: 'dim' }, words.none));
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
      answered({ functions }) {
        fill(
          listing,
          functions.map(({ file, line, text }) => [
            h('p', { class: 'where' }, words.at(file, line)),
            numbered(text, line),
          ]),
        );
      },
      refused(error) {
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

/** The lines of a function, each with its number, which is not copied along. */
function numbered(text, first) {
  const lines = text
    .split('\n')
    .map((one, i) => h('span', { class: 'line', dataset: { line: first + i } }, `${one}\n`));
  return h('pre', { tabindex: '0', role: 'region', 'aria-label': words.code }, h('code', {}, lines));
}
