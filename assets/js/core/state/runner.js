// Starts runs and jobs, one at a time, and keeps the store's run and status in step with the server.

import { explain } from '../errors.js';
import { Refused } from '../server/bridge.js';
import { messages } from '../words/messages.js';
import { createFetch } from './fetch.js';
import { createPulls } from './pull.js';
import { within } from './within.js';

/** @param {Error & { reason?: string }} error */
const isMissing = ({ reason }) => reason === 'evicted' || reason === 'starting';

/**
 * The current run stays in the store until a new one has something to show.
 * @param {Page.Store} store
 * @param {Page.Bridge} bridge
 * @returns {Page.Runner}
 */
export function createRunner(store, bridge) {
  const { fetchRun, fetchWhole } = createFetch(bridge);
  const createPull = createPulls(store, bridge, fetchRun);
  let turn = 0;
  /** @type {Promise<void>} */
  let restoring = null;
  /** @type {Promise<void>} the end of the run that is being made */
  let underway = null;
  /** @type {() => void} */
  let stopOwn = null;
  /** @type {Page.OnEnd} */
  let onReplaced = () => {};

  /**
   * Begins new work. The current work is ignored from now on, and its callback learns why.
   * @param {Page.EndKind} why
   * @param {Page.OnEnd} [callback] called when the new work is itself replaced or stopped
   */
  function takeOver(why, callback = () => {}) {
    turn += 1;
    const notify = onReplaced;
    onReplaced = callback;
    notify(why);
    return turn;
  }

  /**
   * The run is complete: selects the place that an address asked for, as far as this run has it.
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
    /** @type {(error?: Error) => void} */
    let end;
    const whole = new Promise((resolve, reject) => {
      end = (error) => {
        if (underway === whole) underway = null;
        if (error) reject(error);
        else resolve(undefined);
      };
    });
    // Often nobody waits for it.
    whole.catch(() => {});
    const mine = takeOver('superseded', () => end(new Refused({ error: '', reason: 'stopped' })));
    underway = whole;
    const pull = createPull(recipe, nSteps ?? null, () => mine === turn);
    const began = performance.now();
    let pulls = Promise.resolve();
    // The failure of a replaced run does not matter.
    const onError = (/** @type {Error} */ error) => {
      if (mine !== turn) return;
      fail(explain(error));
      end(error);
    };
    /** @param {Pick<Page.Status, 'message' | 'fraction' | 'work'>} progress */
    const report = (progress) =>
      store.set({ status: { phase: 'running', began, work: null, resumes: true, ...progress } });
    store.set({ following });
    report({ message: messages.asking, fraction: 0 });
    bridge.run(recipe, nSteps ?? null, (standing) => {
      if (mine !== turn) return;
      const { kind, message, fraction, stage } = standing;
      if (kind === 'error') {
        fail(standing.error);
        end(new Error(standing.error));
      }
      if (kind === 'progress') report({ message, fraction, work: stage });
      if (kind === 'run') {
        report({ message: messages.made(standing.n_steps), fraction: null, work: stage });
        // A server that has just come back does not have the run yet. It makes it, and says when there is more.
        pulls = pull().catch((error) => {
          if (!isMissing(error)) onError(error);
        });
      }
      if (kind === 'done') {
        pulls
          .then(pull)
          .then(() => {
            if (mine !== turn) return;
            settle(place);
            end();
          })
          .catch(onError);
      }
    });
  }

  /**
   * Starts work that leaves the current run as it is. Its progress is shown in the same place as that of runs.
   * @template Found
   * @param {(listen: Page.Listen) => void} begin
   * @param {(found: Found) => void} onfound
   * @param {Page.OnEnd} ondone
   */
  function startErrand(begin, onfound, ondone) {
    const mine = takeOver('superseded', ondone);
    const began = performance.now();
    store.set({ status: { phase: 'running', message: messages.asking, fraction: null, began } });
    begin(({ kind, message, fraction, found, error, n_steps: steps }) => {
      if (mine !== turn) return;
      if (kind === 'progress') store.set({ status: { phase: 'running', message, fraction, began } });
      if (kind === 'run')
        store.set({ status: { phase: 'running', message: messages.made(steps), fraction: null, began } });
      if (kind === 'job') onfound(/** @type {Found} */ (found));
      if (kind !== 'error' && kind !== 'done') return;
      onReplaced = () => {};
      const isExplained = ondone(kind, error);
      if (kind === 'error' && !isExplained) fail(error);
      else store.set({ status: { phase: 'idle' } });
    });
  }

  /**
   * Makes the current run again; rejects as stopped when it is stopped or replaced by other work.
   * @returns {Promise<void>}
   */
  function runAgain() {
    const { recipe, run } = store.state;
    return new Promise((resolve, reject) => {
      const mine = takeOver('superseded', () => reject(new Refused({ error: '', reason: 'stopped' })));
      const began = performance.now();
      bridge.run(recipe, run.steps.length, ({ kind, message, fraction, error }) => {
        if (mine !== turn) return;
        if (kind === 'progress') store.set({ status: { phase: 'running', message, fraction, began } });
        if (kind !== 'error' && kind !== 'done') return;
        onReplaced = () => {};
        store.set({ status: { phase: 'idle' } });
        if (kind === 'error') reject(new Error(error));
        else resolve(undefined);
      });
    });
  }

  return {
    start,

    /** Continues the current run, up to `nSteps` tokens in all. */
    more(nSteps, options) {
      const { recipe } = store.state;
      start({ ...recipe, max_new_tokens: Math.max(recipe.max_new_tokens, nSteps) }, nSteps, options);
    },

    /**
     * Starts a job on the current run, or on another recipe. `onfound` gets what it has found so far, `ondone` how it
     * ended; if that returns true, it has explained an error itself.
     */
    job(name, args, onfound, ondone = () => {}, recipe = store.state.recipe) {
      startErrand((listen) => bridge.job(name, recipe, args, listen), onfound, ondone);
    },

    /** Runs another recipe for `nSteps` tokens and loads its model if necessary; the current run stays. */
    runOther(recipe, nSteps, ondone) {
      startErrand(
        (listen) => bridge.run(recipe, nSteps, listen),
        () => {},
        ondone,
      );
    },

    /** Everything the server has of the run of another recipe. */
    fetchWhole,

    /** Starts long work of the page itself. Its progress is shown like that of a run, and Stop calls `onstop`. */
    ownWork(onstop) {
      const mine = takeOver('superseded');
      stopOwn = onstop;
      return {
        report: (message, fraction, began) =>
          mine === turn && store.set({ status: { phase: 'running', message, fraction, began } }),
        done: () => {
          stopOwn = null;
          if (mine === turn) store.set({ status: { phase: 'idle' } });
        },
      };
    },

    /**
     * Makes the current run again after it has left the server's memory. The page stays as it is. A run that is being
     * made, perhaps by a server that has just come back, is waited for instead.
     */
    restore() {
      if (underway) return underway;
      restoring ??= runAgain().finally(() => {
        restoring = null;
      });
      return restoring;
    },

    /** Stops the current work; what has been decoded stays. */
    stop() {
      takeOver('stopped');
      stopOwn?.();
      bridge.stop();
      store.set({ following: false, status: { phase: 'idle' } });
    },
  };
}
