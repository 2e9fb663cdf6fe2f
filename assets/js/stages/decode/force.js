// Another token in a token's place: by click, by typing, or by deleting it. Each makes a branch.

import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { diverted, forcing } from '../../maths/branches.js';
import { label } from '../../maths/tokens.js';
import { force as words } from './words/branches.js';

/** @param {Payload.RunAnswer} run */
const idsOf = (run) => run.steps.map((step) => step.token.id);

/**
 * Builds the controls inside `root`; returns {take(id), update(run, step)}.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountForce(root, { store, runner, ask }) {
  const field = h('input', {
    type: 'text',
    placeholder: words.type,
    'aria-label': words.type,
    onkeydown: (event) => event.key === 'Enter' && put(),
  });
  const remove = h('button', { type: 'button', class: 'quiet', title: words.removeTitle, onclick: drop }, words.remove);
  const message = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const note = h('p', { class: 'dim', role: 'status' });
  const reused = h('p', { class: 'dim' });
  /** @type {{ ids: string; text: string; }} */
  let shortened = null;
  root.append(
    h('h3', {}, words.title),
    h('p', { class: 'dim' }, words.note(store.state.card)),
    h('div', { class: 'force-row' }, field, h('button', { type: 'button', onclick: put }, words.go), remove),
    message,
    note,
    reused,
  );

  function start(recipe, nSteps = null) {
    store.set({ draft: recipe });
    runner.start(recipe, nSteps, { following: false });
  }

  function take(ids) {
    const { run, step } = store.state;
    start(diverted(run, step, ids));
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
   * Without its last token an answer ends: to go on is to select that token again.
   * @param {Payload.RunAnswer} run
   */
  function shorten(run, n) {
    shortened = { ids: idsOf(run).slice(0, n).join(), text: words.shortened(label(run.steps[n].token), n) };
    start({ ...diverted(run, n, []), max_new_tokens: Math.max(1, n) }, n);
  }

  return {
    take: (id) => take([id]),
    takeLabel: (token) => words.take(label(token)),
    /** @param {Payload.RunAnswer} run */
    update(run) {
      fill(note, shortened?.ids === idsOf(run).join() ? shortened.text : '');
      fill(
        reused,
        run.reused_positions ? words.reused(run.reused_positions, run.reuse_ms, run.prefill.forward_ms) : '',
      );
    },
  };
}
