// The formulas of the panel Compare, with the run's numbers.

import { count, num } from '../../../maths/format.js';
import { line, sum } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const compare = ({ run }) => {
  const scored = run.tokens.slice(1);
  const size = sum(scored.map((token) => token.bytes.length));
  if (!size) return null;
  const each = size / scored.length;
  return [
    line(
      'surprisal per byte = Σ −log₂ p(token) / Σ bytes',
      `${count(scored.length, 'token')} of ${count(size, 'byte')} here, ${num(each, 3)} bytes each`,
      'without the first token, which nothing precedes; the text is the same for both models, its tokens are not',
    ),
    line(
      'perplexity per token = 2^(surprisal per byte · bytes per token)',
      `2^(s · ${num(each, 3)})`,
      's: this model’s surprisal per byte, which the comparison measures',
    ),
  ];
};
