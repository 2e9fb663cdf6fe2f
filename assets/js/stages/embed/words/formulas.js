// The formulas of the panel Embeddings, with the run's numbers.

import { num } from '../../../maths/format.js';
import { line, quote } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const embed = ({ run, card, tokens, position }) => [
  line(
    'x = E[id]',
    `x(${position}) = E[${tokens[position].id}], ${card.d_embed} numbers for ${quote(tokens[position])}`,
    'a row is looked up, not computed; some models then scale it or add a row for its position',
  ),
  line(
    'size of E = vocabulary × row',
    `${num(card.n_vocab)} × ${card.d_embed} = ${num(card.n_vocab * card.d_embed)} numbers`,
    card.tied_embeddings
      ? 'the same matrix gives the logits at the end'
      : 'another matrix of this size gives the logits at the end',
  ),
  line('input of the first layer', `${run.tokens.length} × ${card.d_model} numbers`),
];
