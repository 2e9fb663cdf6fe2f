// The way to the server: runs and jobs go through Gradio's queue, requests for views go beside it.

import { messages } from '../words/messages.js';
import { randomId } from './channel.js';

const MAX_CACHED = 200;

/** An error that is explained to the visitor. */
export class Refused extends Error {
  /** @param {Page.Failure} failure */
  constructor({ error, reason }) {
    super(error);
    this.reason = reason;
  }
}

/**
 * Views, runs and jobs over a line to the server.
 * @param {Page.Line} line
 * @returns {Page.Bridge}
 */
export function createBridge(line) {
  /** @type {Map<string, Promise<Payload.Views[keyof Payload.Views]>>} */
  const cache = new Map();
  /** @type {Map<string, (reason: Error) => void>} */
  const pending = new Map();
  /** @type {{ id: string; listen: Page.Listen; end: () => void; }} */
  let current = null;

  /**
   * Sends a request through the queue. If the server restarts, the whole request is sent again afterwards.
   * @param {Omit<Page.Request, 'id'>} request
   * @param {Page.Listen} listen
   */
  function send(request, listen) {
    const mine = { id: randomId(), listen, end: () => {} };
    current = mine;
    mine.end = line.run({ id: mine.id, ...request }, async ({ queued, text, lost }) => {
      if (current !== mine) return;
      if (lost) {
        await line.back();
        if (current === mine) send(request, listen);
      } else if (text) {
        /** @type {Page.Standing} */
        const standing = JSON.parse(text);
        if (standing.kind === 'done' || standing.kind === 'error') current = null;
        listen(standing);
      } else listen({ kind: 'progress', message: messages.waiting(queued), fraction: null });
    });
  }

  /**
   * @template {keyof Payload.Views} N
   * @param {N} name
   * @param {Page.Recipe} recipe
   * @param {Page.Args} [args]
   * @param {string} [id]
   * @returns {Promise<Payload.Views[N]>}
   */
  async function ask(name, recipe, args, id) {
    /** @type {Page.Reply<Payload.Views[N]>} */
    const reply = JSON.parse(await line.look(JSON.stringify({ id, name, recipe, args })));
    if ('error' in reply) throw new Refused(reply);
    return reply.ok;
  }

  /**
   * Like `ask`, but `cancelRequests` cancels it: here at once, and on the server at its next operation.
   * @type {Page.AskAny}
   */
  async function fresh(name, recipe, args) {
    const id = randomId();
    /** @type {Promise<never>} */
    const cancellation = new Promise((_, reject) => {
      pending.set(id, reject);
    });
    try {
      return await Promise.race([ask(name, recipe, args, id), cancellation]);
    } finally {
      pending.delete(id);
    }
  }

  function cancelRequests() {
    for (const [id, reject] of pending) {
      line.halt(id);
      reject(new Refused({ error: '', reason: 'stopped' }));
    }
  }

  function halt() {
    // Ids are random: nobody else can name this one.
    if (current) {
      line.halt(current.id);
      current.end();
    }
    current = null;
  }

  /**
   * @param {Omit<Page.Request, 'id'>} request
   * @param {Page.Listen} listen
   */
  function begin(request, listen) {
    halt();
    send(request, listen);
  }

  return {
    ask,
    fresh,
    cancelRequests,

    /**
     * Like `fresh`, but the answer is kept: for what does not change while a run grows.
     * @template {keyof Payload.Views} N
     * @param {N} name
     * @param {Page.Recipe} recipe
     * @param {Page.Args} [args]
     */
    look(name, recipe, args = {}) {
      const key = JSON.stringify([name, recipe, args]);
      if (!cache.has(key)) {
        const answer = fresh(name, recipe, args);
        cache.set(key, answer);
        answer.catch(() => cache.delete(key));
        if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value);
      }
      return /** @type {Promise<Payload.Views[N]>} */ (cache.get(key));
    },

    /** Runs a recipe; `listen` gets its progress. A newer run or job stops it. */
    run: (recipe, nSteps, listen) => begin({ recipe, n_steps: nSteps }, listen),

    /** Starts a job on a recipe, through the same queue. */
    job: (name, recipe, args, listen) => begin({ job: name, recipe, args }, listen),

    /** Stops the current run or job; it reports nothing more. */
    stop: halt,
  };
}
