// Opening a model: checked first, then loaded as part of its first run; with progress, cancel, and refusals in words.

import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { modelKey } from '../../maths/models.js';
import { models as words } from '../words/models.js';

/**
 * Builds its line inside `root`. `ondone()`: the model runs. `onbusy(on)`: while something is under way.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {any} options
 */
export function mountOpening(root, { store, runner, askOf }, { ondone, onbusy }) {
  const said = h('p', { role: 'status' });
  const refused = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const go = h('button', { type: 'button', class: 'primary', hidden: true, onclick: () => begin() }, words.open);
  const bar = h('progress', { max: 1, 'aria-label': words.opening });
  const message = h('span');
  const stop = h('button', { type: 'button', onclick: cancel }, words.cancel);
  const working = h('div', { class: 'models-working', hidden: true }, bar, message, stop);
  root.append(said, refused, go, working);
  // What was looked at, and the recipe that opens it.
  let found = null;
  let wanted = null;

  /**
   * A whole recipe with this model: what is typed now, or the run shown where that is no prompt.
   * @param {{ device: string; dtype: string; model: string; revision: string; }} choice
   */
  function recipeOf(choice) {
    const { draft, recipe } = store.state;
    // Forced tokens are ids of the other model's vocabulary.
    return { ...(draft.prompt.trim() || !recipe ? draft : { ...draft, prompt: recipe.prompt }), ...choice, forced: [] };
  }

  function clear() {
    fill(said);
    refused.hidden = true;
    go.hidden = true;
    found = null;
  }

  function refuse(text) {
    clear();
    settle();
    refused.hidden = false;
    fill(refused, text);
    show();
  }

  /** The list is long: what is said of a model in it must be seen. */
  const show = () => root.scrollIntoView({ block: 'nearest' });

  function settle() {
    wanted = null;
    working.hidden = true;
    onbusy(false);
  }

  /**
   * Checks a model; true when it can be opened.
   * @param {{ device: string; dtype: string; model: string; revision: string; }} choice
   */
  async function look(choice) {
    clear();
    fill(said, words.checking);
    show();
    onbusy(true);
    try {
      const about = await askOf(recipeOf(choice), 'model_look');
      onbusy(false);
      found = { choice, about };
      fill(said, words.found(about));
      go.hidden = false;
      go.focus();
      return true;
    } catch (error) {
      refuse(explain(error));
      return false;
    }
  }

  function begin() {
    const { choice, about } = found;
    const recipe = recipeOf(choice);
    go.hidden = true;
    working.hidden = false;
    onbusy(true);
    bar.removeAttribute('value');
    fill(message, words.opening);
    stop.focus();
    wanted = { ...recipe, chat: recipe.chat && about.has_chat_template };
    runner.start(wanted);
  }

  function cancel() {
    runner.stop();
    clear();
    settle();
    fill(said, words.cancelled);
  }

  /** @param {Page.State} state */
  function arrived({ draft }) {
    const { model, revision, device, dtype, chat } = wanted;
    store.set({ draft: { ...draft, model, revision, device, dtype, chat, forced: [] } });
    clear();
    settle();
    ondone();
  }

  store.subscribe((state, changed) => {
    if (!wanted) return;
    if (changed.has('run') && modelKey(state.run.recipe) === modelKey(wanted)) arrived(state);
    else if (state.status.phase === 'error') refuse(state.status.message);
    else if (state.status.phase === 'running') {
      const { fraction } = state.status;
      if (fraction === null || fraction === undefined) bar.removeAttribute('value');
      else bar.value = fraction;
      fill(message, state.status.message);
    } else if (changed.has('status')) settle();
  });

  return {
    clear,
    refuse,
    look,
    /**
     * Goes back to one that is in memory: there is nothing to check.
     * @param {Payload.LoadedModel} held
     * @param {{ model: string; revision: string; device: string; dtype: string; }} choice
     */
    back(choice, held) {
      clear();
      found = { choice, about: held };
      begin();
    },

    /** Checks, and opens what passes. */
    async open(choice) {
      if (await look(choice)) begin();
    },
  };
}
