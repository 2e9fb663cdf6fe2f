// Replaces a token of the answer by a click or by typing, or deletes it. Each change makes a branch.

import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { divert, forcing } from '../../maths/branches.js';
import { label } from '../../maths/tokens.js';
import { force as words } from './words/branches.js';

/** @param {Page.Run} run */
const idsOf = (run) => run.steps.map((step) => step.token.id);

/**
 * Builds the controls inside `root`; `take(id)` puts a token in place of the selected step's.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountForce(root, { store, runner, ask }) {
  const field = h('input', {
    type: 'text',
    placeholder: words.type,
    'aria-label': words.type,
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && put(),
  });
  const remove = h('button', { type: 'button', class: 'quiet', title: words.removeTitle, onclick: drop }, words.remove);
  const message = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const note = h('p', { class: 'dim', role: 'status' });
  const reusedNote = h('p', { class: 'dim' });
  /** @type {{ ids: string, text: string }} */
  let removal = null;
  root.append(
    h('h3', {}, words.title),
    h('p', { class: 'dim' }, words.note(store.state.card)),
    h('div', { class: 'force-row' }, field, h('button', { type: 'button', onclick: put }, words.go), remove),
    message,
    note,
    reusedNote,
  );

  /** @param {Page.Recipe} recipe @param {number | null} [nSteps] */
  function start(recipe, nSteps = null) {
    store.set({ draft: recipe });
    runner.start(recipe, nSteps, { following: false });
  }

  /** @param {number[]} ids */
  function take(ids) {
    const { run, step } = store.state;
    start(divert(run, step, ids));
  }

  async function put() {
    message.hidden = true;
    try {
      const { tokens } = await ask('encode', { text: field.value });
      field.value = '';
      take(tokens.map((token) => token.id));
    } catch (error) {
      message.hidden = false;
      fill(message, explain(error));
    }
  }

  function drop() {
    const { run, step } = store.state;
    if (step === run.steps.length - 1) return shorten(run, step);
    return start(
      forcing(
        run.recipe,
        idsOf(run).filter((_, index) => index !== step),
      ),
    );
  }

  /**
   * Takes the last token off, so that the answer ends before it: decoding on would select the same token again.
   * @param {Page.Run} run
   * @param {number} n
   */
  function shorten(run, n) {
    removal = { ids: idsOf(run).slice(0, n).join(), text: words.shortened(label(run.steps[n].token), n) };
    start({ ...divert(run, n, []), max_new_tokens: Math.max(1, n) }, n);
  }

  return {
    take: (/** @type {number} */ id) => take([id]),
    takeLabel: (/** @type {Page.Token} */ token) => words.take(label(token)),
    /** @param {Page.Run} run */
    update(run) {
      fill(note, removal?.ids === idsOf(run).join() ? removal.text : '');
      fill(
        reusedNote,
        run.reused_positions ? words.reused(run.reused_positions, run.reuse_ms, run.prefill.forward_ms) : '',
      );
    },
  };
}
