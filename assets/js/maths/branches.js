// The branches that a visitor has made from one prompt: runs that share a beginning, as a tree.

import { modelKey } from './models.js';

/**
 * What all branches of a tree have in common: the text before the answer.
 * @param {Page.Recipe} recipe
 */
export const rootOf = ({ prompt, chat, system, date, ...recipe }) =>
  JSON.stringify([prompt, chat, system, modelKey(recipe), ...(date ? [date] : [])]);

/**
 * A run as a branch. Beam search adds `beam` afterwards.
 * @param {Page.Run} run
 * @param {string} [name]
 * @returns {Page.Branch}
 */
export function branchOf(run, name = '') {
  const tokens = run.steps.map((step) => ({
    id: step.token.id,
    token: step.token,
    probability: step.probability,
    surprisal: step.surprisal,
    forced: step.forced,
  }));
  return {
    key: run.key,
    recipe: run.recipe,
    name,
    tokens,
    text: run.text,
    stop: run.stop.kind,
    reused: run.reused_positions,
  };
}

/**
 * Adds a branch, or replaces the one with the same key, whose name and place in beam search are kept.
 * @param {Page.Branch[]} branches
 * @param {Page.Branch} branch
 */
export function withBranch(branches, branch) {
  const old = branches.find((b) => b.key === branch.key);
  const others = branches.filter((b) => b.key !== branch.key);
  return [...others, { ...branch, name: old?.name || branch.name, beam: branch.beam ?? old?.beam }];
}

/**
 * True when the answer on the page was found by beam search.
 * @param {Pick<Page.State, 'run' | 'branches'>} state
 */
export const isBeam = ({ branches, run }) => branches.list.some(({ key, beam }) => beam && key === run.key);

/**
 * exp of the mean surprisal in nats: how many equally likely tokens each choice was like (Jelinek et al. 1977).
 * @param {{ tokens: { surprisal: number }[] }} branch
 */
export const perplexity = ({ tokens }) => 2 ** (joint(tokens) / Math.max(1, tokens.length));

/**
 * The surprisal of all tokens together, in bits. Their joint probability is 2^-bits, often too small for a float.
 * @param {{ surprisal: number }[]} tokens
 */
export const joint = (tokens) => tokens.reduce((sum, t) => sum + (t.surprisal ?? Infinity), 0);

/**
 * Branches as segments. A segment runs until its branches diverge or one of them ends.
 * @param {Page.Branch[]} branches
 * @param {number} [start]
 * @param {number} [upto]
 * @returns {Page.Segment[]}
 */
export function tree(branches, start = 0, upto = 0) {
  /** @type {Map<number, Page.Branch[]>} */
  const groups = new Map();
  for (const branch of branches) {
    if (branch.tokens.length <= start) continue;
    const { id } = branch.tokens[start];
    groups.set(id, [...(groups.get(id) ?? []), branch]);
  }
  return [...groups.values()].map((group) => {
    const stop = divergence(group, start);
    const tokens = group[0].tokens.slice(start, stop);
    const here = upto + joint(tokens);
    return {
      tokens,
      start,
      upto: here,
      leaves: group.filter((branch) => branch.tokens.length === stop),
      children: tree(group, stop, here),
    };
  });
}

/**
 * The step at which branches that share the token at `start` first diverge, or one of them ends.
 * @param {Page.Branch[]} group
 * @param {number} start
 */
function divergence(group, start) {
  const shortest = Math.min(...group.map((branch) => branch.tokens.length));
  let stop = start + 1;
  while (stop < shortest && group.every((branch) => branch.tokens[stop].id === group[0].tokens[stop].id)) stop += 1;
  return stop;
}

/**
 * A recipe whose answer begins with these ids, whatever their probability.
 * @param {Page.Recipe} recipe
 * @param {number[]} ids
 * @returns {Page.Recipe}
 */
export const forcing = (recipe, ids) => ({
  ...recipe,
  forced: ids.map((id, index) => /** @type {[number, number]} */ ([index, id])),
  max_new_tokens: Math.max(recipe.max_new_tokens, ids.length),
});

/**
 * The recipe of a run in which `ids` replace the tokens from `step` on.
 * @param {Page.Run} run
 * @param {number} step
 * @param {number[]} ids
 * @returns {Page.Recipe}
 */
export function divert(run, step, ids) {
  const earlier = run.recipe.forced.filter(([index]) => index < step);
  const replacements = ids.map((id, offset) => /** @type {[number, number]} */ ([step + offset, id]));
  return {
    ...run.recipe,
    forced: [...earlier, ...replacements],
    max_new_tokens: Math.max(run.recipe.max_new_tokens, step + ids.length),
  };
}
