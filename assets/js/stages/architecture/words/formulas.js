// The formulas of the panel Model, with the run's numbers.

import { bytes, num, pct } from '../../../maths/format.js';
import { BYTES, line } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const model = ({ card }) => {
  const [embedding, size] = [card.n_vocab * card.d_embed, BYTES[card.dtype] ?? 4];
  return [
    line(
      'embedding = vocabulary × row',
      `${num(card.n_vocab)} × ${card.d_embed} = ${num(embedding)} of ${num(card.n_parameters)} parameters, ${pct(embedding / card.n_parameters)}`,
      card.tied_embeddings
        ? 'counted once: the unembedding is the same matrix'
        : 'the unembedding is another matrix of this size',
    ),
    card.n_heads > 0 &&
      !card.kv_latent &&
      card.d_value === card.d_head &&
      line(
        'attention of a layer = d_model · d_head · (2 · heads + 2 · key/value heads)',
        `${card.d_model} · ${card.d_head} · (2 · ${card.n_heads} + 2 · ${card.n_kv_heads}) = ${num(card.d_model * card.d_head * 2 * (card.n_heads + card.n_kv_heads))}`,
        'the usual form, W_Q, W_K, W_V and W_O without biases; the table counts this model’s own matrices',
      ),
    line(
      'bytes = parameters × bytes of a number',
      `${num(card.n_parameters)} × ${size} = ${bytes(card.n_parameters * size)}`,
      `all of it in ${card.dtype}`,
    ),
  ];
};
