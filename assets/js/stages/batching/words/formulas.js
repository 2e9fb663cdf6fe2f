// The formulas of the panel Batching, with the run's numbers.

import { bytes, flops, parameters } from '../../../maths/format.js';
import { BYTES, line } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const batching = ({ run, card }) => {
  const weights = card.n_active * (BYTES[card.dtype] ?? 4);
  return [
    card.n_active < card.n_parameters
      ? line(
          'bytes of weights read for a token ≥ active weights / requests in the batch',
          `${bytes(weights)} / 1 in this run`,
          'requests of a batch are sent to different experts, so that a pass reads more of them',
        )
      : line(
          'bytes of weights read for a token = weights / requests in the batch',
          `${bytes(weights)} / 1 in this run; ${bytes(weights / 8)} with 8 requests`,
          'each pass reads the weights of all layers once, however many rows it computes',
        ),
    line(
      'work for a token ≈ 2 · active parameters',
      `2 · ${parameters(card.n_active)} = ${flops(2 * card.n_active)}`,
      'does not shrink with the batch: an estimate, without attention’s own share',
    ),
    line(
      'positions wasted by padding = Σ (longest − own)',
      `${run.tokens.length} positions in this prompt`,
      'a static batch pads every prompt to the longest; the measurement above counts it',
    ),
  ];
};
