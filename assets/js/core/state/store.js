// The one state of the page, and its listeners.

/** A store: `state`, `set(patch)`, and `subscribe(listener)` called with (state, Set of changed keys). */
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
