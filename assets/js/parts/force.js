// Another token in a token's place: by click, by typing, or by deleting it. Each makes a branch.

import { diverted, forcing } from '../core/branches.js';
import { fill, h } from '../core/dom.js';
import { label } from '../core/tokens.js';
import { force as words } from '../words/branches.js';

/** Builds the controls inside `root`; returns {take(id), update(run, step)}. */
export function mountForce(root, { store, runner, ask }) {
  const field = h('input', { type: 'text', placeholder: words.type, 'aria-label': words.type, onkeydown: (event) => event.key === 'Enter' && put() });
  const remove = h('button', { type: 'button', class: 'quiet', title: words.removeTitle, onclick: drop }, words.remove);
  const message = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const reused = h('p', { class: 'dim' });
  root.append(
    h('h3', {}, words.title),
    h('p', { class: 'dim' }, words.note),
    h('div', { class: 'force-row' }, field, h('button', { type: 'button', onclick: put }, words.go), remove),
    message,
    reused,
  );

  function start(recipe) {
    store.set({ draft: recipe });
    runner.start(recipe, null, { following: false });
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
      fill(message, error.message);
    }
  }

  function drop() {
    const { run, step } = store.state;
    start(forcing(run.recipe, run.steps.filter((s) => s.index !== step).map((s) => s.token.id)));
  }

  return {
    take: (id) => take([id]),
    takeLabel: (token) => words.take(label(token)),
    update(run) {
      fill(reused, run.reused_positions ? words.reused(run.reused_positions, run.reuse_ms, run.prefill.forward_ms) : '');
    },
  };
}
