// The formulas of the panel KV cache, with the run's numbers.

import { bytes, num } from '../../../maths/format.js';
import { nFed } from '../../../maths/tokens.js';
import { BYTES, cachedNumbers, keepsAllPositions, line, sum } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const cache = ({ run, card }) => {
  if (!card.cache_layers.length) return null;
  const [n, size, perPosition] = [nFed(run), BYTES[card.dtype] ?? 4, cachedNumbers(card)];
  return [
    line(
      `bytes = ${perPosition.formula} · positions · bytes each`,
      `${perPosition.numbers} · ${n} · ${size} = ${bytes(perPosition.each * n * size)}`,
      `in ${card.dtype}${keepsAllPositions(card) ? '' : ', where every layer keeps all positions'}; above is what the tensors take`,
    ),
    line(
      'positions computed with the cache',
      `${run.tokens.length} + ${n - run.tokens.length} = ${n}`,
      'the prompt once, then one a step',
    ),
    line(
      'positions computed without it',
      `${num(sum(Array.from({ length: n - run.tokens.length + 1 }, (_, i) => run.tokens.length + i)))}`,
      'all positions so far, again at every step',
    ),
  ];
};
