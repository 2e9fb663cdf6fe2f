// The formulas of the panels Probabilities, Selected token and Branches, with the run's numbers.

import { joint, perplexity } from '../../../maths/branches.js';
import { chance, count, num, pct } from '../../../maths/format.js';
import { nFed } from '../../../maths/tokens.js';
import { line, quote, sum } from '../../../parts/words/formula.js';

/** @param {Page.Step} step */
const softmaxLine = ({ candidates }) => {
  const [logit, p] = [candidates.logits[0], candidates.probability[0]];
  const total = logit - Math.log(p);
  return line(
    'p(t) = e^logit(t) / Σ e^logit',
    `e^${num(logit, 4)} / e^${num(total, 4)} = ${pct(p)}`,
    `the most likely token; the sum over all ${num(candidates.vocabulary)} tokens is e^${num(total, 4)}`,
  );
};

/** @param {Page.FormulaScene} scene */
export const decode = ({ now, card }) =>
  now && [
    line(
      'logits = W_U·norm(x)',
      `${num(card.n_vocab)} logits from ${card.d_model} numbers; the largest is ${num(now.candidates.logits[0], 4)}`,
    ),
    softmaxLine(now),
    line(
      'surprisal = −log₂ p',
      `−log₂ ${num(now.probability, 3)} = ${num(now.surprisal, 3)} bits`,
      `the selected token ${quote(now.token)}`,
    ),
    line(
      'entropy = −Σ p · log₂ p',
      `${num(now.entropy, 3)} bits`,
      `over all tokens: as open as ${num(2 ** now.entropy, 3)} equally likely ones`,
    ),
  ];

/** @param {Page.FormulaScene} scene */
const choiceLine = ({ run, now }) => {
  const { sampling } = run.recipe;
  if (now.forced)
    return line(
      'token = the one put here',
      `${quote(now.token)} has ${pct(now.probability)} by the model`,
      'a forced token is not selected by the model',
    );
  if (!sampling.do_sample)
    return line(
      'token = argmax score(t)',
      `${quote(now.token)}, ${pct(now.probability)} by the model`,
      now.stages.length
        ? 'greedy: the largest score after the penalties, without chance'
        : 'greedy: the largest score has the largest probability too; nothing is drawn',
    );
  const within = `${num(now.cumulative_from, 4)} ≤ ${num(now.draw, 4)} < ${num(now.cumulative_to, 4)}`;
  return line(
    'Σ of the shares before t ≤ u < the same with t',
    `${within}, so ${quote(now.token)}`,
    'tokens side by side, the largest share first; u is where the draw falls',
  );
};

/** @param {Page.FormulaScene} scene */
const temperatureLine = ({ run }) => {
  const { temperature: t } = run.recipe.sampling;
  return line(
    'share(t) = e^(logit(t) / T) / Σ e^(logit / T)',
    `T = ${num(t)}`,
    t === 1
      ? 'at 1 temperature changes nothing: without penalties and filters, the shares are the model’s own probabilities'
      : 'then the filters drop tokens, and the rest is shared out anew',
  );
};

/** @param {Page.FormulaScene} scene */
export const select = (scene) => {
  const { run, now } = scene;
  if (!now) return null;
  const { do_sample: samples, seed } = run.recipe.sampling;
  const random = samples && !now.forced;
  return [
    random && temperatureLine(scene),
    random &&
      line(
        'u = hash(seed, position)',
        `hash(${seed}, ${now.token.position}) = ${num(now.draw, 4)}`,
        'from 0 up to 1; the same seed and position give the same u',
      ),
    choiceLine(scene),
    line(
      'next input = the new token',
      `id ${now.token.id} at position ${now.token.position}`,
      'fed back, if the answer goes on',
    ),
  ];
};

/** @param {Page.FormulaScene} scene */
export const branches = ({ run }) => {
  if (!run.steps.length) return null;
  const bits = sum(run.steps.map(({ surprisal }) => surprisal));
  return [
    line(
      'p(answer) = Π p(token | all before it)',
      `${count(run.steps.length, 'factor')}: ${chance(joint(run.steps))}`,
      'the branch that is shown now',
    ),
    line(
      'perplexity = 2^(Σ surprisal / tokens)',
      `2^(${num(bits, 4)} / ${run.steps.length}) = ${num(perplexity({ tokens: run.steps }), 3)}`,
      'surprisal in bits',
    ),
    line(
      'positions computed = positions in all − positions shared',
      `${nFed(run)} − ${run.reused_positions} = ${nFed(run) - run.reused_positions}`,
      run.reused_positions
        ? 'the shared ones were found in another branch’s KV cache'
        : 'this branch was the first: it shared nothing',
    ),
  ];
};
