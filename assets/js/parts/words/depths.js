// How each stage is computed: a formula, the same with this run's numbers, and what its letters mean.

import { joint, perplexity } from '../../maths/branches.js';
import { bytes, chance, count, flops, ms, num, parameters, pct } from '../../maths/format.js';
import { ownItl } from '../../maths/times.js';
import { fed, label, sequence } from '../../maths/tokens.js';

const BYTES = { float32: 4, float16: 2, bfloat16: 2 };
const quoted = (token) => `“${label(token, 24)}”`;
const sum = (values) => values.reduce((all, value) => all + value, 0);
const line = (formula, numbers, note = '') => ({ formula, numbers, note });

/** The numbers that a position adds to the cache: as a product where the layers are alike, else their sum. */
const kept = ({ cache_layers: layers, n_kv_heads: kv, d_head: d, d_value: v, kv_latent: latent }) => {
  const each = sum(layers.map(([n]) => n));
  const alike = (n) => layers.every(([own]) => own === n);
  if (latent && alike(latent))
    return { each, formula: 'layers · latent vector', numbers: `${layers.length} · ${latent}` };
  if (latent || !alike(kv * (d + v))) {
    const sizes = Object.entries(Object.groupBy(layers, ([n]) => n)).map(([n, those]) => `${those.length} · ${n}`);
    return { each, formula: '(numbers of a layer, added up)', numbers: `(${sizes.join(' + ')})` };
  }
  if (d === v)
    return { each, formula: '2 · layers · key/value heads · d_head', numbers: `2 · ${layers.length} · ${kv} · ${d}` };
  return {
    each,
    formula: 'layers · key/value heads · (d_head + d_value)',
    numbers: `${layers.length} · ${kv} · (${d} + ${v})`,
  };
};
const allKept = ({ cache_layers: layers }) => !layers.some(([, window]) => window);

const softmaxLine = ({ candidates }) => {
  const [logit, p] = [candidates.logits[0], candidates.probability[0]];
  const total = logit - Math.log(p);
  return line(
    'p(t) = e^logit(t) / Σ e^logit',
    `e^${num(logit, 4)} / e^${num(total, 4)} = ${pct(p)}`,
    `the most likely token; the sum over all ${num(candidates.vocabulary)} tokens is e^${num(total, 4)}`,
  );
};

const drawn = ({ run, now }) => {
  const { sampling } = run.recipe;
  if (now.forced)
    return line(
      'token = the one put here',
      `${quoted(now.token)} has ${pct(now.probability)} by the model`,
      'a forced token is not selected by the model',
    );
  if (!sampling.do_sample)
    return line(
      'token = argmax score(t)',
      `${quoted(now.token)}, ${pct(now.probability)} by the model`,
      now.stages.length
        ? 'greedy: the largest score after the penalties, without chance'
        : 'greedy: the largest score has the largest probability too; nothing is drawn',
    );
  const within = `${num(now.cumulative_from, 4)} ≤ ${num(now.draw, 4)} < ${num(now.cumulative_to, 4)}`;
  return line(
    'Σ of the shares before t ≤ u < the same with t',
    `${within}, so ${quoted(now.token)}`,
    'tokens side by side, the largest share first; u is where the draw falls',
  );
};

const temperature = ({ run }) => {
  const { temperature: t } = run.recipe.sampling;
  return line(
    'share(t) = e^(logit(t) / T) / Σ e^(logit / T)',
    `T = ${num(t)}`,
    t === 1
      ? 'at 1 the shares are the model’s own probabilities, before any filter'
      : 'then the filters drop tokens, and the rest is shared out anew',
  );
};

/** Expected tokens of a round with `k` proposals, each accepted with chance `a` (Leviathan et al. 2023). */
const round = (a, k) => (1 - a ** (k + 1)) / (1 - a);

/** What decoding took, from the ITLs (ms) of the tokens that the run made itself. */
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

export const depths = {
  how: 'How it is computed',
  code: 'The code',
  at: (file, first) => `${file}, line ${first}`,
  waiting: 'Reading the code …',
  none: 'There is nothing to compute here yet, or no formula that fits this model.',

  stages: {
    text: ({ run }) => [
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
    ],
    tokenize: ({ run, card, tokens, position }) => [
      line(
        'tokens = tokenizer(text)',
        `${count([...run.text_in].length, 'character')} → ${count(run.tokens.length, 'token')}`,
        card ? `${card.tokenizer_kind}; nothing is computed by the model here` : '',
      ),
      line(
        'characters per token',
        `${[...run.text_in].length} / ${run.tokens.length} = ${num([...run.text_in].length / run.tokens.length, 3)}`,
      ),
      line(
        'id = vocabulary[token]',
        `vocabulary[${quoted(tokens[position])}] = ${tokens[position].id}`,
        `the selected token, position ${position}`,
      ),
    ],
    embed: ({ run, card, tokens, position }) => [
      line(
        'x = E[id]',
        `x(${position}) = E[${tokens[position].id}], ${card.d_embed} numbers for ${quoted(tokens[position])}`,
        'a row is looked up; nothing is multiplied',
      ),
      line(
        'size of E = vocabulary × row',
        `${num(card.n_vocab)} × ${card.d_embed} = ${num(card.n_vocab * card.d_embed)} numbers`,
        card.tied_embeddings
          ? 'the same matrix gives the logits at the end'
          : 'another matrix of this size gives the logits at the end',
      ),
      line('input of the first layer', `${run.tokens.length} × ${card.d_model} numbers`),
    ],
    prefill: ({ run, card }) => {
      const n = run.tokens.length;
      if (!card.n_heads)
        return [
          line(
            'x, state ← block(x, state)',
            `${count(n, 'position')} in turn, through ${card.n_layers} layers`,
            'this model has no attention: each layer keeps a state of fixed size in place of keys and values',
          ),
        ];
      const cache = kept(card);
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
            allKept(card) ? 'what the KV cache gains' : 'what the KV cache gains, until the windows are full',
          ),
      ];
    },
    layers: ({ run, card, tokens, position }) => [
      !card.n_heads &&
        line(
          'x ← x + block(norm(x))',
          `${card.n_layers} times at position ${position}, ${quoted(tokens[position])}`,
          'the usual form without attention; the code below is this model’s own',
        ),
      card.n_heads > 0 &&
        line(
          'x ← x + attention(norm(x)),  x ← x + MLP(norm(x))',
          `${card.n_layers} layers, so ${2 * card.n_layers} additions to the ${card.d_model} numbers at position ${position}, ${quoted(tokens[position])}`,
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
    ],
    decode: ({ now, card }) =>
      now && [
        line(
          'logits = W_U·norm(x)',
          `${num(card.n_vocab)} logits from ${card.d_model} numbers; the largest is ${num(now.candidates.logits[0], 4)}`,
        ),
        softmaxLine(now),
        line(
          'surprisal = −log₂ p',
          `−log₂ ${num(now.probability, 3)} = ${num(now.surprisal, 3)} bits`,
          `the selected token ${quoted(now.token)}`,
        ),
        line(
          'entropy = −Σ p · log₂ p',
          `${num(now.entropy, 3)} bits`,
          `over all tokens: as open as ${num(2 ** now.entropy, 3)} equally likely ones`,
        ),
      ],
    select: (state) => {
      const { run, now } = state;
      if (!now) return null;
      const { do_sample: samples, seed } = run.recipe.sampling;
      const random = samples && !now.forced;
      return [
        random && temperature(state),
        random &&
          line(
            'u = hash(seed, position)',
            `hash(${seed}, ${now.token.position}) = ${num(now.draw, 4)}`,
            'from 0 up to 1; the same seed and position give the same u',
          ),
        drawn(state),
        line(
          'next input = the new token',
          `id ${now.token.id} at position ${now.token.position}`,
          'fed back, if the answer goes on',
        ),
      ];
    },
    detokenize: ({ run }) => {
      const own = run.steps.filter(({ token }) => !token.special);
      const size = sum(own.map(({ token }) => token.bytes.length));
      return [
        line(
          'text = UTF-8(bytes(t₁) + bytes(t₂) + …)',
          `${count(size, 'byte')} of ${count(own.length, 'token')} → ${count([...run.text].length, 'character')}`,
          'special tokens have no text; the end of a character may come with a later token',
        ),
      ];
    },
    model: ({ card }) => {
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
    },
    branches: ({ run }) => {
      if (!run.steps.length) return null;
      const bits = sum(run.steps.map(({ surprisal }) => surprisal));
      return [
        line(
          'p(answer) = Π p(token | all before it)',
          `${count(run.steps.length, 'factor')}: ${chance(joint(run.steps))}`,
          'the branch that is shown now',
        ),
        line(
          'perplexity = 2^(Σ surprisal / tokens)',
          `2^(${num(bits, 4)} / ${run.steps.length}) = ${num(perplexity({ tokens: run.steps }), 3)}`,
          'surprisal in bits',
        ),
        line(
          'positions computed = positions in all − positions shared',
          `${fed(run)} − ${run.reused_positions} = ${fed(run) - run.reused_positions}`,
          run.reused_positions
            ? 'the shared ones were found in another branch’s KV cache'
            : 'this branch was the first: it shared nothing',
        ),
      ];
    },
    compare: ({ run }) => {
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
    },
    whatif: ({ card }) => {
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
    },
    cache: ({ run, card }) => {
      if (!card.cache_layers.length) return null;
      const [n, size, cache] = [fed(run), BYTES[card.dtype] ?? 4, kept(card)];
      return [
        line(
          `bytes = ${cache.formula} · positions · bytes each`,
          `${cache.numbers} · ${n} · ${size} = ${bytes(cache.each * n * size)}`,
          `in ${card.dtype}${allKept(card) ? '' : ', where every layer keeps all positions'}; above is what the tensors take`,
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
    },
    latency: ({ run }) =>
      run.ttft_ms === null
        ? null
        : [
            line(
              'TTFT = tokenize + prefill + select',
              `${ms(run.tokenize_ms)} + ${ms(run.reused_positions ? run.reuse_ms : run.prefill.forward_ms)} + ${ms(run.steps[0].sampling_ms)} = ${ms(run.ttft_ms)}`,
              run.reused_positions ? 'the prefill was found done; this is what finding it took' : '',
            ),
            ...decoding(ownItl(run)),
          ],
    batching: ({ run, card }) => {
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
              'each pass reads all weights once, however many rows it computes',
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
    },
    speculative: ({ run }) => [
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
    ],
  },
};

/** What the formulas of a stage need of the page's state. */
export function scene({ run, card, step, selection }) {
  const tokens = sequence(run);
  return { run, card, tokens, position: Math.min(selection.position, tokens.length - 1), now: run.steps[step] };
}
