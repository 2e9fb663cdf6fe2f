// Runs a recipe and keeps the store's run in step with the server's.

import { modelKey } from '../../maths/models.js';
import { explain } from '../errors.js';
import { Refused } from '../server/bridge.js';
import { messages } from '../words/messages.js';
import { createFetch } from './fetch.js';
import { layerOf, within } from './within.js';

/**
 * start, more, restore and stop a run. The run that is shown stays until a new one has something to show.
 * @param {Page.Store} store
 * @param {Page.Bridge} bridge
 * @returns {Page.Runner}
 */
export function createRunner(store, bridge) {
  const { fetchRun, fetchWhole } = createFetch(bridge);
  let turn = 0;
  let restoring = null;
  let stopOwn = null;
  /** @type {Page.OnEnded} */
  let letGo = () => {};

  /**
   * Whatever was under way is heard no more; `onlost(why)` hears when that happens to what now begins.
   * @param {Page.Ended} why
   * @param {Page.OnEnded} [onlost]
   */
  function takeOver(why, onlost = () => {}) {
    turn += 1;
    const lost = letGo;
    letGo = onlost;
    lost(why);
    return turn;
  }

  /**
   * @param {Page.Run} answer
   * @param {Page.Card} card
   */
  function merge(answer, card) {
    const old = store.state.run;
    const otherModel = old && modelKey(old.recipe) !== modelKey(answer.recipe);
    const same = old && old.key === answer.key && answer.steps_from > 0;
    const steps = same ? [...old.steps.slice(0, answer.steps_from), ...answer.steps] : answer.steps;
    const { tokens } = answer;
    store.set({ run: { ...answer, steps }, recipe: answer.recipe, card });
    // A new text is first seen at its last position: the one whose output is the first token.
    if (otherModel || old?.text_in !== answer.text_in) {
      const { layer, head } = store.state.selection;
      const selection = { position: tokens.length - 1, layer: layerOf(layer, card), head: within(head, card.n_heads) };
      store.set({ selection });
    }
    if (store.state.step >= steps.length) store.set({ step: Math.max(0, steps.length - 1) });
  }

  /**
   * What the run's model is; asked for when it is another than the last.
   * @param {Page.Recipe} recipe
   * @returns {Page.Card | Promise<Page.Card>}
   */
  function cardOf(recipe) {
    const { run, card } = store.state;
    return run && card && modelKey(run.recipe) === modelKey(recipe) ? card : bridge.ask('card', recipe);
  }

  /**
   * Fetches what the server has and we have not, one answer at a time; of a run that others went on with, `nSteps`.
   * @param {Page.Recipe} recipe
   * @param {number | null} nSteps
   * @param {number} mine
   */
  function createPull(recipe, nSteps, mine) {
    let work = null;
    let again = false;
    let key = null;

    async function fetchAll() {
      do {
        again = false;
        const answer = await fetchRun(recipe, store.state.run?.key === key ? store.state.run : null, nSteps);
        const card = await cardOf(answer.recipe);
        if (mine !== turn) return;
        key = answer.key;
        merge(answer, card);
        again ||= store.state.run.steps.length < answer.n_steps;
        if (store.state.following) follow();
      } while (again);
    }

    return function pull() {
      // Who asks while a fetch is under way waits for it, and for one more.
      if (work) again = true;
      else
        work = fetchAll().finally(() => {
          work = null;
        });
      return work;
    };
  }

  function follow() {
    const { run } = store.state;
    if (!run.steps.length) return;
    const step = run.steps.length - 1;
    store.set({ stage: 'decode', step });
  }

  /**
   * The run is complete: what an address asked to see comes into view, as far as this run has it.
   * @param {Page.Place | null} place
   */
  function settle(place) {
    store.set({ following: false, status: { phase: 'idle' } });
    if (!place) return;
    const { run, card } = store.state;
    const { position, layer, head } = place.selection;
    store.set({
      stage: place.stage,
      step: within(place.step, run.steps.length),
      selection: {
        position: within(position, run.tokens.length + run.steps.length),
        layer: within(layer, card.n_layers),
        head: within(head, card.n_heads),
      },
    });
  }

  /** @param {string} message */
  function fail(message) {
    store.set({ following: false, status: { phase: 'error', message } });
  }

  /**
   * @param {Page.Recipe} recipe
   * @param {number | null} [nSteps]
   * @param {Page.RunOptions} [options]
   */
  function start(recipe, nSteps, { following = false, place = null } = {}) {
    const mine = takeOver('superseded');
    const pull = createPull(recipe, nSteps ?? null, mine);
    const began = performance.now();
    let pulls = Promise.resolve();
    /** The failure of a run that another has taken the place of is nobody's any more. */
    const failed = (error) => mine === turn && fail(explain(error));
    const working = (message, fraction, work = null) =>
      store.set({ status: { phase: 'running', message, fraction, began, work, resumes: true } });
    store.set({ following });
    working(messages.asking, 0);
    bridge.run(recipe, nSteps ?? null, (standing) => {
      if (mine !== turn) return;
      const { kind, message, fraction, stage } = standing;
      if (kind === 'error') fail(standing.error);
      if (kind === 'progress') working(message, fraction, stage);
      if (kind === 'run') {
        working(messages.made(standing.n_steps), null, stage);
        pulls = pull().catch(failed);
      }
      if (kind === 'done') {
        pulls
          .then(pull)
          .then(() => mine === turn && settle(place))
          .catch(failed);
      }
    });
  }

  /**
   * Something beside the run: how far it is shows where runs do.
   * @param {(listen: (standing: Page.Standing) => void) => void} begin
   * @param {(found: any) => void} onfound
   * @param {Page.OnEnded} ondone
   */
  function errand(begin, onfound, ondone) {
    const mine = takeOver('superseded', ondone);
    const began = performance.now();
    store.set({ status: { phase: 'running', message: messages.asking, fraction: null, began } });
    begin(({ kind, message, fraction, found, error, n_steps: steps }) => {
      if (mine !== turn) return;
      if (kind === 'progress') store.set({ status: { phase: 'running', message, fraction, began } });
      if (kind === 'run')
        store.set({ status: { phase: 'running', message: messages.made(steps), fraction: null, began } });
      if (kind === 'job') onfound(found);
      if (kind !== 'error' && kind !== 'done') return;
      letGo = () => {};
      const said = ondone(kind, error);
      if (kind === 'error' && !said) fail(error);
      else store.set({ status: { phase: 'idle' } });
    });
  }

  /** The run that is shown, made again; rejects as stopped when it is stopped or other work takes its place. */
  function restored() {
    const { recipe, run } = store.state;
    return new Promise((resolve, reject) => {
      const mine = takeOver('superseded', () => reject(new Refused({ error: '', reason: 'stopped' })));
      const began = performance.now();
      bridge.run(recipe, run.steps.length, ({ kind, message, fraction, error }) => {
        if (mine !== turn) return;
        if (kind === 'progress') store.set({ status: { phase: 'running', message, fraction, began } });
        if (kind !== 'error' && kind !== 'done') return;
        letGo = () => {};
        store.set({ status: { phase: 'idle' } });
        if (kind === 'error') reject(new Error(error));
        else resolve(undefined);
      });
    });
  }

  return {
    start,

    /** Goes on with the run that is shown, up to `nSteps` tokens in all. */
    more(nSteps, options) {
      const { recipe } = store.state;
      start({ ...recipe, max_new_tokens: Math.max(recipe.max_new_tokens, nSteps) }, nSteps, options);
    },

    /**
     * Does a job on the run that is shown, or on another recipe; `onfound` hears what it has found so far, `ondone` its
     * end ('done', 'error' and why, 'stopped', or 'superseded' by other work). Where `ondone` gives true it has said the
     * error itself.
     */
    job(name, args, onfound, ondone = () => {}, recipe = store.state.recipe) {
      errand((listen) => bridge.job(name, recipe, args, listen), onfound, ondone);
    },

    /** Makes another recipe's run of `nSteps` tokens, its model loaded where need be; the run that is shown stays. */
    beside(recipe, nSteps, ondone) {
      errand(
        (listen) => bridge.run(recipe, nSteps, listen),
        () => {},
        ondone,
      );
    },

    /** All of a run that the server has, for a recipe that is not the one shown. */
    whole: fetchWhole,

    /** Work of the page's own that takes long: it shows how far it is where runs do, and Stop calls `onstop`. */
    own(onstop) {
      const mine = takeOver('superseded');
      stopOwn = onstop;
      return {
        tell: (message, fraction, began) =>
          mine === turn && store.set({ status: { phase: 'running', message, fraction, began } }),
        done: () => {
          stopOwn = null;
          if (mine === turn) store.set({ status: { phase: 'idle' } });
        },
      };
    },

    /** Brings a run back that has left the server's memory; what is shown stays as it is. */
    restore() {
      restoring ??= restored().finally(() => {
        restoring = null;
      });
      return restoring;
    },

    /** Stops where it is; what has been decoded stays. */
    stop() {
      takeOver('stopped');
      stopOwn?.();
      bridge.stop();
      store.set({ following: false, status: { phase: 'idle' } });
    },
  };
}
