// The requests for views that are not answered yet. Quick ones are not reported. Slow ones can be cancelled and sent
// again; the caller just waits for its answer.

const PATIENCE_MS = 300;

/**
 * `onchange` gets the names of slow and of cancelled requests, the oldest first.
 * @param {(looks: Page.State['looks']) => void} onchange
 */
export function watchLooks(onchange) {
  /** @type {Map<symbol, string>} */
  const slow = new Map();
  /** @type {Map<symbol, { name: string, again: () => void }>} */
  const stopped = new Map();
  const report = () => onchange({ slow: [...slow.values()], stopped: [...stopped.values()].map(({ name }) => name) });

  /**
   * @template A
   * @param {string} name
   * @param {Promise<A>} answer
   */
  async function timed(name, answer) {
    const look = Symbol(name);
    const timer = setTimeout(() => {
      slow.set(look, name);
      report();
    }, PATIENCE_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      if (slow.delete(look)) report();
    }
  }

  /**
   * Forgets the cancelled requests: all, or those of one name.
   * @param {string} [only]
   */
  function forget(only) {
    const before = stopped.size;
    for (const [look, { name }] of stopped) if (!only || name === only) stopped.delete(look);
    if (stopped.size < before) report();
  }

  return {
    /**
     * The answer to `ask()`, whenever it comes. A newer request of the same name replaces cancelled ones.
     * @template A
     * @param {string} name
     * @param {() => Promise<A>} ask
     */
    async watch(name, ask) {
      forget(name);
      for (;;) {
        try {
          return await timed(name, ask());
        } catch (error) {
          if (error.reason !== 'stopped') throw error;
        }
        await new Promise((resolve) => {
          stopped.set(Symbol(name), { name, again: () => resolve(undefined) });
          report();
        });
      }
    },

    /** Sends all cancelled requests again. */
    again() {
      const all = [...stopped.values()];
      forget();
      all.forEach(({ again }) => again());
    },

    forget,
  };
}
