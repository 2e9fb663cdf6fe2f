// The way to the server: runs go through Gradio's queue, looks at a run go beside it.

const MAX_KEPT = 200;

/** An error the visitor should read. */
export class Refused extends Error {
  constructor({ error, reason }) {
    super(error);
    this.reason = reason;
  }
}

/** Looks and runs over the component's own channels. */
export function createBridge(host) {
  const kept = new Map();
  let current = null;
  let last = 0;

  host.onAnswer((text) => {
    if (!text) return;
    const standing = JSON.parse(text);
    if (standing.id === current?.id) current.listen(standing);
  });

  async function ask(name, recipe, args) {
    const answer = JSON.parse(await host.look(JSON.stringify({ name, recipe, args })));
    if (answer.error) throw new Refused(answer);
    return answer.ok;
  }

  return {
    ask,

    /** Like `ask`, but an answer is kept: for what does not change while a run grows. */
    look(name, recipe, args = {}) {
      const key = JSON.stringify([name, recipe, args]);
      if (!kept.has(key)) {
        const answer = ask(name, recipe, args);
        kept.set(key, answer);
        answer.catch(() => kept.delete(key));
        if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
      }
      return kept.get(key);
    },

    /** Runs a recipe; `listen` hears where it stands, only of the newest run. */
    run(recipe, nSteps, listen) {
      last += 1;
      current = { id: last, listen };
      host.run({ id: last, recipe, n_steps: nSteps });
    },

    /** Does a job on a recipe, through the same channel: of runs and jobs, only the newest is heard. */
    job(name, recipe, args, listen) {
      last += 1;
      current = { id: last, listen };
      host.run({ id: last, job: name, recipe, args });
    },

    /** Stops the run under way; nothing more is heard of it. */
    stop() {
      current = null;
      host.stop();
    },
  };
}
