// Walks a second, invisible copy of the page through the run, and keeps every answer that it requests.

import { h } from '../core/elements/dom.js';
import { pageNonce } from '../core/nonce.js';
import { createReplay, keyOf } from '../core/server/replay.js';
import { compact } from './compact.js';
import { compress } from './pack.js';

const QUIET_MS = 50;
// Longer than any panel waits before it sends a request by itself.
const PATIENT_MS = 450;
const LONGEST_MS = 60_000;

const pause = (/** @type {number} */ ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * Keeps answers up to `room` compressed bytes.
 * @param {Page.Run} run
 * @param {Page.Ask} ask how the live page requests a view
 * @param {number} room
 */
export function createKeeper(run, ask, room) {
  /** @type {Map<string, number>} */
  const keys = new Map();
  /** @type {Page.RecordedAnswer[]} */
  const answers = [];
  /** @type {Set<string>} */
  const left = new Set();
  /** @type {Map<keyof Payload.Views, Page.Args[]>} */
  const visit = new Map();
  /** @type {typeof visit} */
  let latest = new Map();
  let used = 0;
  let pending = 0;
  let lastRequest = performance.now();

  /**
   * @template {keyof Payload.Views} N
   * @param {N} name
   * @param {Page.Args} args
   * @param {Payload.Views[N]} answer
   */
  async function keep(name, args, answer) {
    const recorded = compact(name, answer);
    const bytes = (await compress(JSON.stringify(recorded))).size;
    const key = keyOf(name, args);
    if (used + bytes > room) return left.add(key);
    used += bytes;
    keys.set(key, answers.push(recorded) - 1);
    return left.delete(key);
  }

  /**
   * @param {keyof Payload.Views} name
   * @param {Page.Args} [args]
   * @returns {Promise<Page.Reply<Payload.Views[keyof Payload.Views]>>}
   */
  async function record(name, args = {}) {
    pending += 1;
    visit.set(name, [...(visit.get(name) ?? []), args]);
    try {
      const answer = await ask(name, args);
      if (!keys.has(keyOf(name, args))) await keep(name, args, answer);
      return { ok: answer };
    } catch (error) {
      return { error: error.message, reason: error.reason };
    } finally {
      pending -= 1;
      lastRequest = performance.now();
    }
  }

  /**
   * @param {string} key
   * @param {string} known
   */
  function alias(key, known) {
    if (keys.has(known)) keys.set(key, keys.get(known));
  }

  return {
    line: createReplay({ run, keys, answers }, record),
    keys,
    answers,
    left,
    record,
    full: () => used > 0.97 * room,

    /** Waits until the copy has sent no request for a while. */
    async quiet(ms = QUIET_MS) {
      lastRequest = performance.now();
      const began = lastRequest;
      while ((pending || performance.now() - lastRequest < ms) && performance.now() - began < LONGEST_MS)
        await pause(20);
    },

    /** Begins a visit: all requests from here on belong to it. */
    fresh() {
      visit.clear();
    },

    /**
     * Ends a visit that differed from the last one in the argument `axis` alone. Answers that were not requested again
     * still hold, and are kept under the new value too. True when anything was requested.
     * @param {string} axis
     * @param {unknown} value
     */
    end(axis, value) {
      for (const [name, all] of latest) {
        if (visit.has(name)) continue;
        const moved = all.map((args) => (axis in args ? { ...args, [axis]: value } : args));
        // The copy caches answers itself: one that it requested before is recorded already, and is valid from here on.
        if (moved.some((args) => keys.has(keyOf(name, args)))) latest.set(name, moved);
        else moved.forEach((args, place) => alias(keyOf(name, args), keyOf(name, all[place])));
      }
      const hasRequests = visit.size > 0;
      latest = new Map([...latest, ...visit]);
      return hasRequests;
    },

    /** Begins another stage: no answer of the last one holds. */
    turn() {
      latest = new Map();
    },
    PATIENT_MS,
  };
}

/**
 * An invisible frame as wide as a desktop window, in which the page runs on `line`.
 * @param {{ main: string, config: Payload.PageConfig, line: Page.Line }} copy
 */
export async function openCopy({ main, config, line }) {
  const frame = h('iframe', { class: 'walk-copy', 'aria-hidden': 'true', tabindex: '-1' });
  document.body.append(frame);
  const { contentDocument: page } = frame;
  const root = page.createElement('div');
  root.className = 'tbt';
  root.id = 'tbt';
  page.body.append(root);
  const script = page.createElement('script');
  script.type = 'module';
  script.nonce = pageNonce();
  script.textContent = `import { start } from ${JSON.stringify(main)}; window.frameElement.dispatchEvent(new CustomEvent('ready', { detail: start }));`;
  /** @type {Promise<typeof import('../main.js').start>} */
  const ready = new Promise((resolve, reject) => {
    frame.addEventListener('ready', (event) => resolve(/** @type {CustomEvent} */ (event).detail), { once: true });
    script.onerror = reject;
  });
  page.head.append(script);
  const start = await ready;
  const { store } = await start(root, { config, line });
  return { store, close: () => frame.remove() };
}
