// The sampler in the browser, so that a slider redraws at once: the stages of transformers, in its order, by its rules.

/**
 * Greedy, with everything switched off: the default settings of a recipe.
 * @satisfies {Payload.SamplingSettings}
 */
export const DEFAULTS = {
  do_sample: false,
  temperature: 1,
  top_k: 0,
  top_p: 1,
  seed: 0,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  min_p: 0,
  typical_p: 1,
};

/**
 * @param {Partial<Payload.SamplingSettings>} a
 * @param {Partial<Payload.SamplingSettings>} b
 */
export const sameSettings = (a, b) =>
  /** @type {(keyof Payload.SamplingSettings)[]} */ (Object.keys(b)).every((key) => a[key] === b[key]);

/**
 * Softmax of scores (vocab,).
 * @param {ArrayLike<number>} scores
 */
export function softmax(scores) {
  let top = -Infinity;
  for (let i = 0; i < scores.length; i += 1) if (scores[i] > top) top = scores[i];
  const out = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < scores.length; i += 1) {
    out[i] = Math.exp(scores[i] - top);
    sum += out[i];
  }
  for (let i = 0; i < out.length; i += 1) out[i] /= sum;
  return out;
}

/**
 * @param {Float64Array} scores
 * @param {(score: number, id: number) => number} change
 */
const map = (scores, change) => Float64Array.from(scores, change);

/**
 * Ids of the tokens that no stage has removed.
 * @param {Float64Array} scores
 */
function alive(scores) {
  const ids = [];
  for (let i = 0; i < scores.length; i += 1) if (scores[i] !== -Infinity) ids.push(i);
  return ids;
}

/**
 * @param {Float64Array} scores
 * @param {number[]} ids
 */
function only(scores, ids) {
  const out = new Float64Array(scores.length).fill(-Infinity);
  for (const i of ids) out[i] = scores[i];
  return out;
}

/** @type {Apply} */
function repetition(scores, penalty, { ids }) {
  const seen = new Set(ids);
  return map(scores, (score, i) => (seen.has(i) ? (score < 0 ? score * penalty : score / penalty) : score));
}

/** @param {Page.Context} context */
function counts({ ids, nPrompt }) {
  const found = new Map();
  for (const id of ids.slice(nPrompt)) found.set(id, (found.get(id) ?? 0) + 1);
  return found;
}

/** @type {Apply} */
function presence(scores, penalty, context) {
  const seen = counts(context);
  return map(scores, (score, i) => (seen.has(i) ? score - penalty : score));
}

/** @type {Apply} */
function frequency(scores, penalty, context) {
  const seen = counts(context);
  return map(scores, (score, i) => score - penalty * (seen.get(i) ?? 0));
}

/** @type {Apply} */
function topK(scores, k) {
  if (k >= scores.length) return scores;
  // Ties with the k-th score stay, as in TopKLogitsWarper.
  const kth = Float64Array.from(scores).sort()[scores.length - k];
  return map(scores, (score) => (score < kth ? -Infinity : score));
}

/** @type {Apply} */
function topP(scores, p) {
  const shares = softmax(scores);
  // A typed array sorts in a few milliseconds where a comparator would take a frame or two.
  const ascending = Float64Array.from(shares).sort();
  let removed = 0;
  for (let sum = ascending[0]; sum <= 1 - p && removed < ascending.length - 1; sum += ascending[removed]) removed += 1;
  const limit = ascending[removed];
  // Of the tokens that tie at the limit, only as many are removed as the count says.
  let ties = removed - ascending.indexOf(limit);
  return map(scores, (score, i) => (shares[i] < limit || (shares[i] === limit && ties-- > 0) ? -Infinity : score));
}

/** @type {Apply} */
function minP(scores, p) {
  const shares = softmax(scores);
  const top = shares.reduce((a, b) => Math.max(a, b));
  return only(
    scores,
    alive(scores).filter((i) => shares[i] >= p * top),
  );
}

/** @type {Apply} */
function typicalP(scores, mass) {
  const shares = softmax(scores);
  const ids = alive(scores).filter((i) => shares[i] > 0);
  const entropy = ids.reduce((all, i) => all - shares[i] * Math.log(shares[i]), 0);
  const distance = new Map(ids.map((i) => [i, Math.abs(-Math.log(shares[i]) - entropy)]));
  const order = [...ids].sort((a, b) => distance.get(a) - distance.get(b));
  let sum = 0;
  let last = 0;
  for (; last < order.length - 1; last += 1) {
    sum += shares[order[last]];
    if (sum >= mass) break;
  }
  const limit = distance.get(order[last]);
  return only(
    scores,
    order.filter((i, place) => place === 0 || distance.get(i) <= limit),
  );
}

/** @typedef {(scores: Float64Array, setting: number, context: Page.Context) => Float64Array} Apply */

/** @type {[keyof Payload.SamplingSettings, number, Apply][]} */
const PENALTIES = [
  ['repetition_penalty', 1, repetition],
  ['presence_penalty', 0, presence],
  ['frequency_penalty', 0, frequency],
];
/** @type {[keyof Payload.SamplingSettings, number, Apply][]} */
const WARPERS = [
  ['temperature', 1, (scores, t) => map(scores, (score) => score / t)],
  ['top_k', 0, topK],
  ['top_p', 1, topP],
  ['min_p', 0, minP],
  ['typical_p', 1, typicalP],
];

/**
 * Raw logits (vocab,) through every stage that is switched on. The first entry is the model's own softmax.
 * @param {ArrayLike<number>} logits
 * @param {Payload.SamplingSettings} settings
 * @param {Page.Context} context
 * @returns {Page.Stage[]}
 */
export function stages(logits, settings, context) {
  /** @type {Float64Array} */
  let scores = Float64Array.from(logits);
  /** @type {Page.Stage[]} */
  const out = [{ name: 'model', setting: null, shares: softmax(scores) }];
  for (const [name, off, apply] of settings.do_sample ? [...PENALTIES, ...WARPERS] : PENALTIES) {
    if (settings[name] === off) continue;
    scores = apply(scores, Number(settings[name]), context);
    out.push({ name, setting: settings[name], shares: softmax(scores) });
  }
  return out;
}

/**
 * The distribution a token is drawn from: the last stage, or, when greedy, 1 at the largest score.
 * @param {ArrayLike<number>} logits
 * @param {Payload.SamplingSettings} settings
 * @param {Page.Context} context
 */
export function distribution(logits, settings, context) {
  const { shares } = stages(logits, settings, context).at(-1);
  if (settings.do_sample) return shares;
  const greedy = new Float64Array(shares.length);
  greedy[shares.indexOf(shares.reduce((a, b) => Math.max(a, b)))] = 1;
  return greedy;
}

/**
 * The tokens before a step: what `stages` needs as its context.
 * @param {Page.Run} run
 * @param {number} step
 * @returns {Page.Context}
 */
export const contextOf = (run, step) => ({
  ids: [...run.tokens.map((token) => token.id), ...run.steps.slice(0, step).map((s) => s.token.id)],
  nPrompt: run.tokens.length,
});
