// The formulas of the panel Prefill, with the run's numbers.

import { count, num } from '../../../maths/format.js';
import { cachedNumbers, keepsAllPositions, line } from '../../../parts/words/formula.js';

/** @param {Page.FormulaScene} scene */
export const prefill = ({ run, card }) => {
  const n = run.tokens.length;
  if (!card.n_heads)
    return [
      line(
        'x, state ← block(x, state)',
        `${count(n, 'position')} in turn, through ${card.n_layers} layers`,
        'this model has no attention: each layer keeps a state of fixed size in place of keys and values',
      ),
    ];
  const cache = cachedNumbers(card);
  const attending = card.attention_layers.length || card.n_layers;
  const sizes =
    card.d_head === card.d_value
      ? `keys and values of ${card.d_head} numbers`
      : `keys of ${card.d_head} and values of ${card.d_value} numbers`;
  return [
    line(
      'q = W_Q·norm(x), k = W_K·norm(x), v = W_V·norm(x)',
      `${card.n_heads} queries and ${card.n_kv_heads} ${sizes}, at each of ${count(n, 'position')}, ${attending > 1 ? `in each of ${attending} layers` : 'in 1 layer'}`,
      card.kv_latent ? 'k and v are unfolded from one latent vector a position' : '',
    ),
    line(
      'weights = softmax(q·k / √d_head + mask)',
      `√${card.d_head} = ${num(Math.sqrt(card.d_head), 3)}; ${n}·(${n} + 1) / 2 = ${num((n * (n + 1)) / 2)} weights in each head`,
      'the mask is −∞ for positions that come later; the usual form, see the code of the model for its own',
    ),
    line('z = Σ weight · v', `added up over at most ${count(n, 'key')}, then W_O·z joins the residual stream`),
    card.cache_layers.length > 0 &&
      line(
        `numbers kept = ${cache.formula}`,
        `${cache.numbers} = ${num(cache.each)} for each position`,
        keepsAllPositions(card) ? 'what the KV cache gains' : 'what the KV cache gains, until the windows are full',
      ),
  ];
};
