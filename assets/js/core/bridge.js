// The way to the server: runs go through Gradio's queue, looks at a run go beside it.

const MAX_KEPT = 200;

/** An error the visitor should read. */
export class Refused extends Error {
  constructor({ error, reason }) {
    super(error);
    this.reason = reason;
  }
}

/** Sixteen random bytes in hex; crypto.randomUUID is missing where the page comes over plain http. */
const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

/** Looks and runs over the component's own channels. */
export function createBridge(host) {
  const kept = new Map();
  let current = null;

  host.onAnswer((text) => {
    if (!text) return;
    const standing = JSON.parse(text);
    if (standing.id !== current?.id) return;
    const { listen } = current;
    if (standing.kind === 'done' || standing.kind === 'error') current = null;
    listen(standing);
  });

  async function ask(name, recipe, args) {
    const answer = JSON.parse(await host.look(JSON.stringify({ name, recipe, args })));
    if (answer.error) throw new Refused(answer);
    return answer.ok;
  }

  function halt() {
    // An id is made up at random: nobody else can name it.
    if (current) host.halt(current.id);
    current = null;
  }

  function begin(request, listen) {
    halt();
    current = { id: randomId(), listen };
    host.run({ id: current.id, ...request });
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

    /** Runs a recipe; `listen` hears where it stands. Only the newest run or job is heard, and goes on. */
    run: (recipe, nSteps, listen) => begin({ recipe, n_steps: nSteps }, listen),

    /** Does a job on a recipe, through the same channel. */
    job: (name, recipe, args, listen) => begin({ job: name, recipe, args }, listen),

    /** Stops the run under way; nothing more is heard of it. */
    stop: halt,
  };
}
