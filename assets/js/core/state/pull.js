// Fetches what the server has computed of a run, and puts it into the store.

import { modelKey } from '../../maths/models.js';
import { layerOf, within } from './within.js';

/**
 * @param {Page.Store} store
 * @param {Page.Bridge} bridge
 * @param {ReturnType<typeof import('./fetch.js').createFetch>['fetchRun']} fetchRun
 */
export function createPulls(store, bridge, fetchRun) {
  /**
   * @param {Page.Run} answer
   * @param {Page.Card} card
   */
  function merge(answer, card) {
    const old = store.state.run;
    const otherModel = old && modelKey(old.recipe) !== modelKey(answer.recipe);
    const isSameRun = old && old.key === answer.key && answer.steps_from > 0;
    const steps = isSameRun ? [...old.steps.slice(0, answer.steps_from), ...answer.steps] : answer.steps;
    const { tokens } = answer;
    store.set({ run: { ...answer, steps }, recipe: answer.recipe, card });
    // For a new text the last position is selected: its output is the first token.
    if (otherModel || old?.text_in !== answer.text_in) {
      const { layer, head } = store.state.selection;
      const selection = { position: tokens.length - 1, layer: layerOf(layer, card), head: within(head, card.n_heads) };
      store.set({ selection });
    }
    if (store.state.step >= steps.length) store.set({ step: Math.max(0, steps.length - 1) });
  }

  /**
   * The card of the run's model, from the server only if the model has changed.
   * @param {Page.Recipe} recipe
   * @returns {Page.Card | Promise<Page.Card>}
   */
  function cardOf(recipe) {
    const { run, card } = store.state;
    return run && card && modelKey(run.recipe) === modelKey(recipe) ? card : bridge.ask('card', recipe);
  }

  function follow() {
    const { run } = store.state;
    if (!run.steps.length) return;
    const step = run.steps.length - 1;
    store.set({ stage: 'decode', step });
  }

  /**
   * A function that fetches what the server has and the store does not, one answer at a time.
   * @param {Page.Recipe} recipe
   * @param {number | null} nSteps the number of steps to fetch; other visitors may have continued the run
   * @param {() => boolean} isCurrent
   */
  return function createPull(recipe, nSteps, isCurrent) {
    /** @type {Promise<void>} */
    let work = null;
    let again = false;
    /** @type {string} */
    let key = null;

    async function fetchAll() {
      do {
        again = false;
        const answer = await fetchRun(recipe, store.state.run?.key === key ? store.state.run : null, nSteps);
        const card = await cardOf(answer.recipe);
        if (!isCurrent()) return;
        key = answer.key;
        // The server fills in the date of a template that writes one.
        recipe = answer.recipe;
        merge(answer, card);
        again ||= store.state.run.steps.length < answer.n_steps;
        if (store.state.following) follow();
      } while (again);
    }

    return function pull() {
      // A call while a fetch is pending waits for it, and for one more.
      if (work) again = true;
      else
        work = fetchAll().finally(() => {
          work = null;
        });
      return work;
    };
  };
}
