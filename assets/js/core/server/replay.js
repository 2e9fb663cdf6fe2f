// A walk without a server: the answers that were recorded stand in for it. Nothing is asked of any other place.

import { ordered, same } from '../../maths/same.js';
import { messages } from '../words/messages.js';

const BASE = 1 << 15;

/** Names a question; the recipe is the file's own and needs no name. */
export const keyOf = (name, args) => `${name} ${JSON.stringify(ordered(args ?? {}))}`;

/** Bytes as text. */
export function base64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += BASE) text += String.fromCharCode(...bytes.subarray(i, i + BASE));
  return btoa(text);
}

/** What the recorder kept of the logits, as the server would answer. */
function expandLogits({ step, size, ids, logits, rest }) {
  const all = new Float32Array(size).fill(rest);
  ids.forEach((id, place) => {
    all[id] = logits[place];
  });
  return { step, logits: { dtype: 'float32', shape: [size], data: base64(new Uint8Array(all.buffer)) } };
}

/**
 * The run as the server pages it: all of it in one answer, from where the page has it.
 * @param {Page.Run} run
 * @param {Page.Args & { tokens_from: number, steps_from: number }} args
 */
const paged = (run, { tokens_from: tokens, steps_from: steps }) => ({
  ...run,
  tokens_from: tokens,
  tokens: run.tokens.slice(tokens),
  steps_from: steps,
  steps: run.steps.slice(steps),
  n_tokens: run.tokens.length,
  n_steps: run.steps.length,
});

/**
 * The line of a recorded walk; `missing(name, args)` may answer what is not recorded, for the recorder itself.
 * @param {Page.Recording} recording
 * @param {(name: string, args: Page.Args) => Promise<object>} [missing]
 * @returns {Page.Line}
 */
export function createReplay({ run, keys, answers }, missing) {
  const notHere = { error: messages.notHere, reason: 'recorded' };

  async function answer({ name, args }) {
    if (name === 'run') return { ok: paged(run, args) };
    if (name === 'logits' && keys.has(keyOf(name, args)))
      return { ok: expandLogits(answers[keys.get(keyOf(name, args))]) };
    const at = keys.get(keyOf(name, args));
    if (at !== undefined) return { ok: answers[at] };
    return missing ? missing(name, args) : notHere;
  }

  return {
    back: async () => {},
    halt() {},
    look: async (request) => JSON.stringify(await answer(JSON.parse(request))),

    run({ id, job, recipe }, hear) {
      const say = (standing) => setTimeout(() => hear({ said: JSON.stringify({ id, ...standing }) }));
      if (job || !same(recipe, run.recipe)) say({ kind: 'error', error: messages.notHere });
      else {
        say({ kind: 'run', n_steps: run.steps.length });
        say({ kind: 'done' });
      }
      return () => {};
    },
  };
}
