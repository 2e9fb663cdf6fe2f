// The one state of the page, and its listeners.

/**
 * True when one of these parts of the state has changed.
 * @param {Page.Changes} changed
 * @param {(keyof Page.State)[]} names
 */
export const hasAny = (changed, names) => names.some((name) => changed.has(name));

/**
 * A store of the page's state. Listeners are called once for all changes made in one turn of the event loop.
 * @param {Page.State} initial
 * @returns {Page.Store}
 */
export function createStore(initial) {
  /** @type {Set<Parameters<Page.Store['subscribe']>[0]>} */
  const listeners = new Set();
  const state = { ...initial };
  /** @type {Page.Changes} */
  let pending = null;

  function notify() {
    const changed = pending;
    pending = null;
    for (const listener of listeners) {
      try {
        listener(state, changed);
      } catch (error) {
        // A part of the page that fails must not keep the others from being updated.
        console.error(error);
      }
    }
  }

  return {
    state,
    set(patch) {
      const changed = /** @type {(keyof Page.State)[]} */ (Object.keys(patch)).filter(
        (key) => !Object.is(state[key], patch[key]),
      );
      if (!changed.length) return;
      Object.assign(state, patch);
      // Several changes in one turn are one redraw.
      if (!pending) {
        pending = new Set();
        queueMicrotask(notify);
      }
      for (const key of changed) pending.add(key);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
