// The sampler in the browser, so that a slider redraws at once: transformers' stages, in its order and by its rules.

/** Softmax of scores (vocab,), as Float64Array. */
export function softmax(scores) {
  let top = -Infinity;
  for (const score of scores) if (score > top) top = score;
  const out = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < scores.length; i += 1) {
    out[i] = Math.exp(scores[i] - top);
    sum += out[i];
  }
  for (let i = 0; i < out.length; i += 1) out[i] /= sum;
  return out;
}

function keepTopK(scores, k) {
  if (k <= 0 || k >= scores.length) return;
  // Ties with the k-th score stay, as in TopKLogitsWarper.
  const kth = Float64Array.from(scores).sort()[scores.length - k];
  for (let i = 0; i < scores.length; i += 1) if (scores[i] < kth) scores[i] = -Infinity;
}

function keepTopP(scores, p) {
  if (p >= 1) return;
  const shares = softmax(scores);
  const order = Array.from(shares.keys()).filter((i) => shares[i] > 0).sort((a, b) => shares[a] - shares[b]);
  const zero = Array.from(shares.keys()).filter((i) => shares[i] === 0);
  let sum = 0;
  for (const i of zero) scores[i] = -Infinity;
  for (const i of order.slice(0, -1)) {
    sum += shares[i];
    if (sum <= 1 - p) scores[i] = -Infinity;
  }
}

/** Raw logits (vocab,) to the distribution a token is drawn from, under `SamplingSettings`. */
export function distribution(logits, { do_sample: doSample, temperature, top_k: topK, top_p: topP }) {
  if (!doSample) {
    const shares = new Float64Array(logits.length);
    shares[logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))] = 1;
    return shares;
  }
  const scores = Float64Array.from(logits, (logit) => logit / temperature);
  keepTopK(scores, topK);
  keepTopP(scores, topP);
  return softmax(scores);
}
