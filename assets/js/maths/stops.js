// The walk as a list of stops: the stages once, then two stops for each generated token, then the text.

/**
 * The stages in pipeline order, which the ribbon and the panels follow.
 * @type {Page.WalkStage[]}
 */
export const STAGES = ['text', 'tokenize', 'embed', 'prefill', 'layers', 'decode', 'select', 'detokenize'];

/**
 * Panels beside the walk, which are not stops of it.
 * @type {Page.AroundStage[]}
 */
export const AROUND = ['model', 'branches', 'cache', 'latency', 'batching', 'speculative', 'whatif', 'compare'];

/**
 * True for a stop of the walk, false for a panel beside it.
 * @param {Page.StageName} stage
 * @returns {stage is Page.WalkStage}
 */
export const isWalkStage = (stage) => /** @type {Page.StageName[]} */ (STAGES).includes(stage);

/** @type {Set<Page.StageName>} */
const PER_TOKEN = new Set(['decode', 'select']);
const BEFORE = 5;

/**
 * How many stops a run has.
 * @param {Page.Run} run
 */
export const length = (run) => BEFORE + 2 * run.steps.length + 1;

/**
 * The number of the stop that has this stage and step.
 * @param {Pick<Page.Place, 'stage' | 'step'>} place
 * @param {Page.Run} run
 */
export function index({ stage, step }, run) {
  // From a panel beside the walk, Next and Back continue at the selected token.
  if (!isWalkStage(stage)) return run.steps.length ? BEFORE + 2 * step + 1 : BEFORE - 1;
  if (stage === 'detokenize') return length(run) - 1;
  if (!PER_TOKEN.has(stage)) return STAGES.indexOf(stage);
  return BEFORE + 2 * step + (stage === 'select' ? 1 : 0);
}

/**
 * The stop with this number.
 * @param {number} place
 * @param {Page.Run} run
 * @returns {Page.Stop}
 */
export function at(place, run) {
  if (place < BEFORE) return { stage: STAGES[place] };
  const step = Math.floor((place - BEFORE) / 2);
  if (step >= run.steps.length) return { stage: 'detokenize', step: Math.max(0, run.steps.length - 1) };
  const stage = (place - BEFORE) % 2 ? 'select' : 'decode';
  return { stage, step, position: positionOf(stage, step, run) };
}

/**
 * Probabilities are made at the last known position; the selected token takes the one after it.
 * @param {Page.StageName} stage
 * @param {number} step
 * @param {Page.Run} run
 */
export const positionOf = (stage, step, run) => run.tokens.length + step - (stage === 'decode' ? 1 : 0);

/**
 * How many more tokens a run may have, up to `most`, by the page's limit and the model's context.
 * @param {Page.Run} run
 * @param {Page.Card} card
 * @param {number} most
 */
export function room(run, card, most) {
  const made = run.steps.length;
  const context = card.context ? card.context - run.tokens.length - made : most;
  return Math.max(0, Math.min(most, card.limits.max_new_tokens - made, context));
}
