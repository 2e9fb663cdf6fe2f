// The formulas of the panels Latency and What if, with the run's numbers.

import { bytes, flops, ms, num } from '../../../maths/format.js';
import { ownItl } from '../../../maths/times.js';
import { BYTES, line, sum } from '../../../parts/words/formula.js';

/**
 * The times of decoding, from the ITLs (ms) of the tokens that the run generated itself.
 * @param {number[]} itl
 */
const decoding = (itl) =>
  itl.length
    ? [
        line(
          'ITL = forward pass + select',
          `${ms(itl.at(-1))} for the last token; on average ${ms(sum(itl) / itl.length)}`,
        ),
        line(
          'tokens per second = tokens / Σ ITL',
          `${itl.length} / ${num(sum(itl) / 1000, 3)} s = ${num((1000 * itl.length) / sum(itl), 3)}`,
          'decoding alone, one request',
        ),
      ]
    : [];

/** @param {Page.FormulaScene} scene */
export const latency = ({ run }) =>
  run.ttft_ms === null
    ? null
    : [
        line(
          'TTFT = tokenize + prefill + select',
          `${ms(run.tokenize_ms)} + ${ms(run.reused_positions ? run.reuse_ms : run.prefill.forward_ms)} + ${ms(run.steps[0].sampling_ms)} = ${ms(run.ttft_ms)}`,
          run.reused_positions ? 'the prefill was found done; this is what finding it took' : '',
        ),
        ...decoding(ownItl(run)),
      ];

/** @param {Page.FormulaScene} scene */
export const whatif = ({ card }) => {
  const [work, read] = [2 * card.n_active, card.n_active * (BYTES[card.dtype] ?? 4)];
  return [
    line(
      'time ≥ the longer of FLOPs / (FLOP/s) and bytes / bandwidth',
      `a token of this model: ${flops(work)}, ${bytes(read)} of weights`,
      'the roofline (Williams et al. 2009); the table puts its numbers in',
    ),
    line(
      'intensity = FLOPs / bytes',
      `${num(work / read, 3)} FLOP for each byte, one user`,
      'a machine whose FLOP/s are more than this many times its bytes/s waits for its memory',
    ),
  ];
};
