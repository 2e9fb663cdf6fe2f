// Opens a model: checks it first, then loads it as part of its first run. Shows progress, a cancel button and errors.

import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { modelKey } from '../../maths/models.js';
import { models as words } from '../words/models.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {{ ondone: () => void, onbusy: (busy: boolean) => void }} callbacks `ondone` is called when the model runs
 */
export function mountOpening(root, { store, runner, askOf }, { ondone, onbusy }) {
  const status = h('p', { role: 'status' });
  const refusal = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const go = h('button', { type: 'button', class: 'primary', hidden: true, onclick: () => begin() }, words.open);
  const bar = h('progress', { max: 1, 'aria-label': words.opening });
  const message = h('span');
  const stop = h('button', { type: 'button', onclick: cancel }, words.cancel);
  const working = h('div', { class: 'models-working', hidden: true }, bar, message, stop);
  root.append(status, refusal, go, working);
  /** @type {{ choice: Page.ModelChoice, about: Pick<Payload.Inspection, 'has_chat_template'> }} the checked model */
  let found = null;
  /** @type {Page.Recipe} the recipe that opens it */
  let openingRecipe = null;

  /**
   * A whole recipe with this model: the draft, with the prompt of the current run if the draft has none.
   * @param {Page.ModelChoice} choice
   * @returns {Page.Recipe}
   */
  function recipeOf(choice) {
    const { draft, recipe } = store.state;
    // Forced tokens are ids of the other model's vocabulary.
    return { ...(draft.prompt.trim() || !recipe ? draft : { ...draft, prompt: recipe.prompt }), ...choice, forced: [] };
  }

  function clear() {
    fill(status);
    refusal.hidden = true;
    go.hidden = true;
    found = null;
  }

  /** @param {string} text */
  function refuse(text) {
    clear();
    settle();
    refusal.hidden = false;
    fill(refusal, text);
    show();
  }

  /** The list of models is long: the message must be in view. */
  const show = () => root.scrollIntoView({ block: 'nearest' });

  function settle() {
    openingRecipe = null;
    working.hidden = true;
    onbusy(false);
  }

  /**
   * Checks a model; true when it can be opened.
   * @param {Page.ModelChoice} choice
   */
  async function look(choice) {
    clear();
    fill(status, words.checking);
    show();
    onbusy(true);
    try {
      const about = await askOf(recipeOf(choice), 'model_look');
      onbusy(false);
      found = { choice, about };
      fill(status, words.found(about));
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
    openingRecipe = { ...recipe, chat: recipe.chat && about.has_chat_template };
    runner.start(openingRecipe);
  }

  function cancel() {
    runner.stop();
    clear();
    settle();
    fill(status, words.cancelled);
  }

  /** @param {Page.State} state */
  function onArrival({ draft }) {
    const { model, revision, device, dtype, chat } = openingRecipe;
    store.set({ draft: { ...draft, model, revision, device, dtype, chat, forced: [] } });
    clear();
    settle();
    ondone();
  }

  store.subscribe((state, changed) => {
    if (!openingRecipe) return;
    if (changed.has('run') && modelKey(state.run.recipe) === modelKey(openingRecipe)) onArrival(state);
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
     * Opens a model that is in memory, which needs no check.
     * @param {Page.ModelChoice} choice
     * @param {Payload.LoadedModel} held
     */
    back(choice, held) {
      clear();
      found = { choice, about: held };
      begin();
    },

    /**
     * Checks a model, and opens it if it passes.
     * @param {Page.ModelChoice} choice
     */
    async open(choice) {
      if (await look(choice)) begin();
    },
  };
}
