// A walk without a server: recorded answers replace it. No request leaves the page.

import { same, sortKeys } from '../../maths/same.js';
import { messages } from '../words/messages.js';

const BASE = 1 << 15;

/**
 * The key of a question. The recipe is always the file's own and is not part of it.
 * @param {string} name
 * @param {Page.Args} [args]
 */
export const keyOf = (name, args) => `${name} ${JSON.stringify(sortKeys(args ?? {}))}`;

/**
 * Bytes as base64.
 * @param {Uint8Array} bytes
 */
export function base64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += BASE) text += String.fromCharCode(...bytes.subarray(i, i + BASE));
  return btoa(text);
}

/**
 * Recorded logits in the form of the server's answer.
 * @param {Page.RecordedLogits} recorded
 * @returns {Payload.LogitsAnswer}
 */
function expandLogits({ step, size, ids, logits, rest }) {
  const all = new Float32Array(size).fill(rest);
  ids.forEach((id, place) => {
    all[id] = logits[place];
  });
  return { step, logits: { dtype: 'float32', shape: [size], data: base64(new Uint8Array(all.buffer)) } };
}

/**
 * The rest of the run, which the server would send in several answers.
 * @param {Page.Run} run
 * @param {{ tokens_from?: number, steps_from?: number }} args
 * @returns {Page.Run}
 */
const restOfRun = (run, { tokens_from: tokens, steps_from: steps }) => ({
  ...run,
  tokens_from: tokens,
  tokens: run.tokens.slice(tokens),
  steps_from: steps,
  steps: run.steps.slice(steps),
  n_tokens: run.tokens.length,
  n_steps: run.steps.length,
});

/**
 * The line of a recorded walk. The recorder itself passes `missing`, which answers what is not recorded yet.
 * @param {Page.Recording} recording
 * @param {(name: keyof Payload.Views, args: Page.Args) => Promise<Page.Reply<Payload.Views[keyof Payload.Views]>>} [missing]
 * @returns {Page.Line}
 */
export function createReplay({ run, keys, answers }, missing) {
  const notHere = { error: messages.notHere, reason: 'recorded' };

  /** @param {{ name: keyof Payload.Views, args: Page.Args }} question */
  async function answer({ name, args }) {
    if (name === 'run') return { ok: restOfRun(run, args) };
    const recorded = answers[keys.get(keyOf(name, args))];
    if (recorded) return { ok: 'rest' in recorded && name === 'logits' ? expandLogits(recorded) : recorded };
    return missing ? missing(name, args) : notHere;
  }

  return {
    back: async () => {},
    halt() {},
    look: async (request) => JSON.stringify(await answer(JSON.parse(request))),

    run({ id, job, recipe }, receive) {
      const send = (/** @type {Page.Standing} */ standing) =>
        setTimeout(() => receive({ text: JSON.stringify({ id, ...standing }) }));
      if (job || !same(recipe, run.recipe)) send({ kind: 'error', error: messages.notHere });
      else {
        send({ kind: 'run', n_steps: run.steps.length });
        send({ kind: 'done' });
      }
      return () => {};
    },
  };
}
