// The formulas of the panel Text, with the run's numbers.

import { count, ms } from '../../../maths/format.js';
import { line, sum } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const text = ({ run }) => [
  run.recipe.chat
    ? line(
        'input = template(system text, prompt)',
        `${count([...run.recipe.prompt].length, 'character')} of prompt become ${count([...run.text_in].length, 'character')}`,
        'the chat template writes who speaks around the prompt',
      )
    : line(
        'input = prompt',
        count([...run.text_in].length, 'character'),
        'without a chat template the model is given the prompt as it is',
      ),
  run.ttft_ms !== null &&
    line(
      'time in all = TTFT + Σ ITL',
      `${ms(run.ttft_ms)} + ${ms(sum(run.itl_ms))} = ${ms(run.ttft_ms + sum(run.itl_ms))}`,
      count(run.steps.length, 'token'),
    ),
];
