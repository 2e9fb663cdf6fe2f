// What has been asked of the server and is not answered yet. What is quick is not worth a word; what takes long can be
// stopped, and asked for again: who waits for it knows of neither.

const PATIENCE_MS = 300;

/**
 * `onchange({slow, stopped})` hears the names of what takes long and of what was stopped, oldest first.
 * @param {(looks: Page.State['looks']) => void} onchange
 */
export function watchLooks(onchange) {
  const slow = new Map();
  const stopped = new Map();
  const names = (looks) => [...looks.values()].map(({ name }) => name);
  const tell = () => onchange({ slow: names(slow), stopped: names(stopped) });

  async function timed(name, answer) {
    const look = Symbol(name);
    const timer = setTimeout(() => {
      slow.set(look, { name });
      tell();
    }, PATIENCE_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      if (slow.delete(look)) tell();
    }
  }

  /** Forgets what was stopped, all of it or of one name. */
  function forget(only) {
    const before = stopped.size;
    for (const [look, { name }] of stopped) if (!only || name === only) stopped.delete(look);
    if (stopped.size < before) tell();
  }

  return {
    /** The answer to `ask()`, whenever it comes. A newer question of a name takes the place of those that were stopped. */
    async watch(name, ask) {
      forget(name);
      for (;;) {
        try {
          return await timed(name, ask());
        } catch (error) {
          if (error.reason !== 'stopped') throw error;
        }
        await new Promise((again) => {
          stopped.set(Symbol(name), { name, again });
          tell();
        });
      }
    },

    /** Asks again for all that was stopped. */
    again() {
      const all = [...stopped.values()];
      forget();
      all.forEach(({ again }) => again());
    },

    forget,
  };
}
