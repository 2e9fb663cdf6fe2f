// The requests for views that are not answered yet. Quick ones are not reported. Slow ones can be cancelled and sent
// again; the caller just waits for its answer.

const PATIENCE_MS = 300;

/**
 * `onchange` gets the names of slow and of cancelled requests, the oldest first.
 * @param {(requests: Page.State['requests']) => void} onchange
 */
export function watchRequests(onchange) {
  /** @type {Map<symbol, string>} */
  const slow = new Map();
  /** @type {Map<symbol, { name: string, again: () => void }>} */
  const cancelled = new Map();
  const report = () =>
    onchange({ slow: [...slow.values()], cancelled: [...cancelled.values()].map(({ name }) => name) });

  /**
   * @template A
   * @param {string} name
   * @param {Promise<A>} answer
   */
  async function reportSlow(name, answer) {
    const request = Symbol(name);
    const timer = setTimeout(() => {
      slow.set(request, name);
      report();
    }, PATIENCE_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      if (slow.delete(request)) report();
    }
  }

  /**
   * Forgets the cancelled requests: all, or those of one name.
   * @param {string} [only]
   */
  function forget(only) {
    const before = cancelled.size;
    for (const [key, { name }] of cancelled) if (!only || name === only) cancelled.delete(key);
    if (cancelled.size < before) report();
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
          return await reportSlow(name, ask());
        } catch (error) {
          if (error.reason !== 'stopped') throw error;
        }
        await new Promise((resolve) => {
          cancelled.set(Symbol(name), { name, again: () => resolve(undefined) });
          report();
        });
      }
    },

    /** Sends all cancelled requests again. */
    again() {
      const all = [...cancelled.values()];
      forget();
      all.forEach(({ again }) => again());
    },

    forget,
  };
}
