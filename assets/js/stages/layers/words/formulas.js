// The formulas of the panel Layers, with the run's numbers.

import { num } from '../../../maths/format.js';
import { line, quote } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const layers = ({ run, card, tokens, position }) => [
  !card.n_heads &&
    line(
      'x ← x + block(norm(x))',
      `${card.n_layers} times at position ${position}, ${quote(tokens[position])}`,
      'the usual form without attention; the code below is this model’s own',
    ),
  card.n_heads > 0 &&
    line(
      'x ← x + attention(norm(x)),  x ← x + MLP(norm(x))',
      `${card.n_layers} layers, so ${2 * card.n_layers} additions to the ${card.d_model} numbers at position ${position}, ${quote(tokens[position])}`,
      'the usual form of a block; the code below is this model’s own',
    ),
  card.d_mlp > 0 &&
    line(
      'MLP: d_model → d_mlp → d_model',
      `${card.d_model} → ${num(card.d_mlp)} → ${card.d_model}`,
      'd_mlp neurons, in each layer',
    ),
  line(
    'logits = W_U·norm(x)',
    `${num(card.n_vocab)} × ${card.d_embed} times ${card.d_embed} numbers = ${num(card.n_vocab)} logits`,
    run.steps.length ? 'the logit lens does this after every layer, the model after the last alone' : '',
  ),
];
