// The one state of the page, and its listeners.

/**
 * True when one of these parts of the state has changed.
 * @param {Page.Changed} changed
 * @param {(keyof Page.State)[]} names
 */
export const hasAny = (changed, names) => names.some((name) => changed.has(name));

/**
 * A store: `state`, `set(patch)`, and `subscribe(listener)` called with (state, Set of changed keys).
 * @param {Page.State} initial
 * @returns {Page.Store}
 */
export function createStore(initial) {
  const listeners = new Set();
  const state = { ...initial };
  let pending = null;

  function tell() {
    const changed = pending;
    pending = null;
    for (const listener of listeners) {
      try {
        listener(state, changed);
      } catch (error) {
        // One part of the page that fails must not silence those after it.
        console.error(error);
      }
    }
  }

  return {
    state,
    set(patch) {
      for (const [key, value] of Object.entries(patch)) {
        if (Object.is(state[key], value)) continue;
        state[key] = value;
        // Several changes in one turn are one redraw.
        if (!pending) {
          pending = new Set();
          queueMicrotask(tell);
        }
        pending.add(key);
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
