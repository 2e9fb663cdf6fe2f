// The formulas of the panel Speculative decoding, with the run's numbers.

import { num, pct } from '../../../maths/format.js';
import { line } from '../../../parts/words/formula.js';

/**
 * Expected tokens of a round with `k` proposals, each accepted with chance `a` (Leviathan et al. 2023).
 * @param {number} a
 * @param {number} k
 */
const round = (a, k) => (1 - a ** (k + 1)) / (1 - a);

/** @param {Page.FormulaScene} scene */
export const speculative = ({ run }) => [
  line(
    'accept x with chance min(1, p(x) / q(x))',
    'p: the model’s probability, q: the draft’s',
    'greedy: x is accepted where it is the model’s own choice',
  ),
  line(
    'after a rejection: draw from max(p − q, 0), made to add up to 1',
    'so that the result has the model’s own distribution',
  ),
  line(
    'expected tokens of a round = (1 − a^(k+1)) / (1 − a)',
    `k = 6 proposals: ${[0.5, 0.7, 0.9].map((a) => `${num(round(a, 6), 3)} at a = ${pct(a)}`).join(', ')}`,
    'a: the chance that a proposal is accepted, taken as the same for each',
  ),
  line('forward passes of plain decoding = tokens', `${run.steps.length} in this run`),
];
