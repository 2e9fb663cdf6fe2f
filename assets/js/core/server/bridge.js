// The way to the server: runs go through Gradio's queue, looks at a run go beside it.

import { messages } from '../words/messages.js';
import { randomId } from './channel.js';

const MAX_KEPT = 200;

/** An error the visitor should read. */
export class Refused extends Error {
  /** @param {{ error: string, reason: string }} failure */
  constructor({ error, reason }) {
    super(error);
    this.reason = reason;
  }
}

/**
 * Looks and runs over a host's channel: {look(text) -> text, run(request, hear) -> end, halt(id), back()}.
 * @param {Page.Line} host
 * @returns {Page.Bridge}
 */
export function createBridge(host) {
  const kept = new Map();
  const looks = new Map();
  /** @type {{ id: string; listen: Page.Listen; end: () => void; }} */
  let current = null;

  /**
   * One request through the queue. A server that restarts is waited for, and asked for all of it again.
   * @param {Page.Listen} listen
   * @param {{ recipe: Payload.Recipe; n_steps: number; } | { job: keyof Payload.Jobs; recipe: Payload.Recipe; args: Page.Args; }} request
   */
  function send(request, listen) {
    const mine = { id: randomId(), listen, end: () => {} };
    current = mine;
    mine.end = host.run({ id: mine.id, ...request }, async ({ queued, said, lost }) => {
      if (current !== mine) return;
      if (lost) {
        await host.back();
        if (current === mine) send(request, listen);
      } else if (said) {
        const standing = JSON.parse(said);
        if (standing.kind === 'done' || standing.kind === 'error') current = null;
        listen(standing);
      } else listen({ kind: 'progress', message: messages.waiting(queued), fraction: null });
    });
  }

  /**
   * @param {string} name
   * @param {Page.Recipe} recipe
   * @param {Page.Args} args
   * @param {string} [id]
   */
  async function ask(name, recipe, args, id) {
    const answer = JSON.parse(await host.look(JSON.stringify({ id, name, recipe, args })));
    if (answer.error) throw new Refused(answer);
    return answer.ok;
  }

  /**
   * Like `ask`, but `stopLooks` ends it, here at once and on the server at its next operation.
   * @param {string} name
   * @param {Page.Recipe} recipe
   * @param {Page.Args} args
   */
  async function fresh(name, recipe, args) {
    const id = randomId();
    const stopped = new Promise((_, reject) => {
      looks.set(id, reject);
    });
    try {
      return await Promise.race([ask(name, recipe, args, id), stopped]);
    } finally {
      looks.delete(id);
    }
  }

  function stopLooks() {
    for (const [id, reject] of looks) {
      host.halt(id);
      reject(new Refused({ error: '', reason: 'stopped' }));
    }
  }

  function halt() {
    // An id is made up at random: nobody else can name it.
    if (current) {
      host.halt(current.id);
      current.end();
    }
    current = null;
  }

  /**
   * @param {Page.Listen} listen
   * @param {{ recipe: Payload.Recipe; n_steps: number; } | { job: keyof Payload.Jobs; recipe: Payload.Recipe; args: Page.Args; }} request
   */
  function begin(request, listen) {
    halt();
    send(request, listen);
  }

  return {
    ask,
    fresh,
    stopLooks,

    /** Like `fresh`, but an answer is kept: for what does not change while a run grows. */
    look(name, recipe, args = {}) {
      const key = JSON.stringify([name, recipe, args]);
      if (!kept.has(key)) {
        const answer = fresh(name, recipe, args);
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
