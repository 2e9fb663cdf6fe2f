// The words of the latency panel.

import { bytes, count, flops, ms, num, pct } from '../../../maths/format.js';
import { keepsCache } from '../../../maths/models.js';

/** @param {number} seconds */
const s = (seconds) => ms(seconds * 1000);
/** @param {number} value */
const rate = (value) => `${num(value, 3)} tokens/s`;
/** @type {Record<string, string>} */
const stopReasons = {
  time: ' The time for one measurement was spent, so it stopped there.',
  memory: ' The next size would take more of the free memory than a page should, so it stopped there.',
};
/** @param {Payload.Roofline} r */
const byPass = (r) =>
  `reached by a pass of the model: more than the best of ${r.n_products} products, which were measured in a busy moment`;

/**
 * A note when a later measurement has raised the roofline.
 * @param {Payload.Roofline} r
 */
const raisedRoof = (r) =>
  r.bandwidth_by_pass || r.flops_by_pass
    ? ' The limits were first measured in a busy moment: a pass did more since, and the roof was raised to it.'
    : '';

/** @param {number} value */
const times = (value) => `${num(value, 3)} times`;

/**
 * What limits a batch of that size, by its place under the roof.
 * @param {Payload.BatchPoint} point
 * @param {Payload.Roofline} roofline
 */
function limitOf({ batch, dot }, roofline) {
  const bend = roofline.flops / roofline.bandwidth;
  const step = `With ${count(batch, 'row')} a step computes ${num(dot.intensity, 2)} FLOP for each byte it reads`;
  return dot.intensity >= bend
    ? `${step}, and the roof bends at ${num(bend, 2)}: arithmetic is the limit from here on, each further row costs its full time. The step reached ${pct(dot.share)} of what the roof allows.`
    : `${step}; the roof bends at ${num(bend, 2)}, so by the roof memory would still be the limit and further rows nearly free. The step reached ${pct(dot.share)} of what the roof allows: it is the part below the roof that grows with the rows, matrix products that are slower on few rows and all that is no matrix product.`;
}

/**
 * Where the curve of throughput bends.
 * @param {Payload.Throughput} found
 */
function bendOf({ points, bend, roofline }) {
  if (points.length < 2) return '';
  if (bend === null)
    return points.length > 2
      ? ' Up to the largest size a doubling gave at least half as much again: it does not bend yet.'
      : '';
  return ` It bends at ${num(bend)}: from there on no doubling gave half as much again. ${limitOf(
    points.find(({ batch }) => batch === bend),
    roofline,
  )}`;
}

/** @param {Payload.BatchPoint[]} points */
const slowStart = ([one, two]) =>
  ` Two rows made only ${times(two.rate / one.rate)} as many tokens a second as one: one row is a matrix-vector product, two are a product of matrices.`;

export const latency = {
  seconds: s,
  rate,
  title: 'This run',
  note: 'How long a reader waited: for the first token, then for each further one. As it was recorded while the run ran.',
  /**
   * @param {Payload.Latency} l
   * @returns {Page.Fact[]}
   */
  facts: (l) => [
    [
      'time to first token (TTFT)',
      l.ttft === null ? '–' : s(l.ttft),
      l.ttft === null ? 'taken over from another branch' : `tokenize, prefill of ${count(l.n_prompt, 'token')}, select`,
    ],
    ['between tokens (ITL), p50', l.itl_p50 === null ? '–' : s(l.itl_p50), 'half of the tokens came quicker'],
    ['ITL, p95', l.itl_p95 === null ? '–' : s(l.itl_p95), 'one in twenty took longer'],
    ['end to end', s(l.end_to_end), `${count(l.n_tokens, 'token')}, and their text`],
    ['prefill', l.prefill_rate === null ? '–' : rate(l.prefill_rate), 'all positions in one pass'],
    ['decode', l.decode_rate === null ? '–' : rate(l.decode_rate), 'one position a pass'],
  ],
  inOrder: 'Inter-token latency, token by token',
  sorted: 'The same, sorted',
  short: 'This run has no second token of its own yet, so there is no inter-token latency.',
  /** @param {Payload.Latency} l */
  summary: (l) =>
    l.itl_p50 === null
      ? `This run: the first token after ${l.ttft === null ? '–' : s(l.ttft)}.`
      : `This run: ${l.ttft === null ? '' : `the first token after ${s(l.ttft)}, then `}one every ${s(l.itl_p50)} (p95 ${s(l.itl_p95)}). Prefill took in ${num(l.prefill_rate / l.decode_rate, 2)} tokens in the time in which decoding made one.`,

  split: 'Where the time goes',
  splitNote:
    'The same passes again, with a timer on each part, in turns with passes without timers. In the run itself only the prefill is timed inside, by stage: embedding, layers, unembedding.',
  splitGo: 'Time the parts',
  stop: 'Stop',
  /** @type {Record<string, string>} */
  parts: {
    tokenize: 'tokenize',
    embed: 'embed',
    attention: 'attention',
    mlp: 'MLP',
    head: 'head',
    other: 'norms and the rest',
    sampling: 'select',
    detokenize: 'detokenize',
  },
  /** @param {number} n */
  prefill: (n) => `Prefill of ${count(n, 'position')}`,
  decode: 'One decoding step',
  /** @param {Payload.StageTimes} t */
  splitSummary(t) {
    const [first] = [...t.decode.parts].sort((a, b) => b[1] - a[1]);
    // A step has the parts of its bar: the pass, then selecting a token and detokenizing it.
    const [timed, plain] = [t.decode.seconds, t.decode.unhooked].map((pass) => pass + t.sampling + t.detokenize);
    const extra = timed / plain - 1;
    const found = t.reason
      ? `Attention and MLP are not told apart here: ${t.reason}.`
      : `In a decoding step most time goes to ${latency.parts[first[0]]}: ${pct(first[1] / timed)}.`;
    return `${found} Means of ${t.prefill.n_passes} prefills and ${count(t.decode.n_passes, 'step')}; with timers a step took ${pct(Math.abs(extra))} ${extra >= 0 ? 'longer' : 'less'} than without (${s(timed)} and ${s(plain)}).`;
  },

  roof: 'What this machine allows: the roofline',
  /** @param {Payload.CardAnswer} card */
  roofNote: (card) =>
    `A pass reads its weights${keepsCache(card) ? ' and its KV cache' : ''} from memory and computes with them. Left of the bend, memory is the limit; right of it, arithmetic is. The work of a prefill is counted without the pairs that the causal mask hides${keepsCache(card) ? '; the KV cache panel counts them too' : ''}. Both limits are measured here. Press again to keep the best reading; a busy machine reads low.`,
  roofGo: 'Measure the limits',
  intensity: 'FLOP per byte read',
  /** @param {number} value */
  perSecond: (value) => `${flops(value)}/s`,
  limit: 'limit',
  run: 'this run',
  batches: 'batches',
  /**
   * @param {Payload.RooflineRun} found
   * @returns {Page.Fact[]}
   */
  roofFacts: ({ roofline: r }) => [
    [
      'memory bandwidth',
      `${bytes(r.bandwidth)}/s`,
      r.bandwidth_by_pass ? byPass(r) : `best of ${r.n_products} matrix-vector products over 256 MiB`,
    ],
    [
      'arithmetic',
      `${flops(r.flops)}/s`,
      r.flops_by_pass ? byPass(r) : `best of ${r.n_products} products of 2048 × 2048 in ${r.dtype}`,
    ],
    ['the bend', `${num(r.flops / r.bandwidth, 3)} FLOP/byte`, `${r.device}: below it memory is the limit`],
  ],
  dotTable: ['pass', 'computes', 'reads', 'FLOP per byte', 'took', 'reached', 'of what the roof allows'],
  /** @param {Payload.RooflineRun} found */
  roofSummary({ roofline: r, dots }) {
    const [prefill, decode] = dots;
    const bend = r.flops / r.bandwidth;
    /** @param {Payload.RooflinePoint} d */
    const which = (d) => (d.intensity < bend ? 'memory is the limit' : 'arithmetic is the limit');
    const first = `The prefill of ${count(prefill.n_new, 'position')} computes ${num(prefill.intensity, 3)} FLOP for each byte it reads: ${which(prefill)}.`;
    if (!decode) return first;
    return `${first} A decoding step reads ${bytes(decode.bytes)} to compute ${flops(decode.flops)}, ${num(decode.intensity, 2)} FLOP a byte: ${which(decode)}, and at that bandwidth no step can be quicker than ${s(decode.bytes / r.bandwidth)}. It took ${s(decode.seconds)}, ${pct(decode.share)} of what the roof allows.${raisedRoof(r)}`;
  },

  lengths: 'Longer prompts, longer contexts',
  /** @param {Payload.CardAnswer} card */
  lengthsNote: (card) =>
    `The prompt’s own tokens, repeated or cut to each length: the time of the prefill, and of a decoding step with that many positions ${keepsCache(card) ? 'in the KV cache' : 'before it'}.`,
  longest: 'longest prompt',
  tokens: 'tokens',
  lengthsGo: 'Measure every length',
  prefillTime: 'TTFT: the prefill',
  stepTime: 'ITL: one decoding step',
  measured: 'measured',
  bound: 'the roofline’s limit',
  lengthTable: ['tokens', 'prefill', 'at best', 'step', 'at best'],
  /** @param {Payload.LengthSweep} found */
  lengthsSummary({ points, ended: why, roofline }) {
    const [first, last] = [points[0], points.at(-1)];
    const behind = `${raisedRoof(roofline)}${stopReasons[why] ?? ''}`;
    if (first === last)
      return `The prefill of ${count(first.n, 'token')} took ${s(first.prefill)}, a decoding step behind it ${s(first.step)}.${behind}`;
    return `From ${num(first.n)} to ${num(last.n)} tokens (${times(last.n / first.n)} as many) the prefill took ${times(last.prefill / first.prefill)} as long, a decoding step ${times(last.step / first.step)}.${behind}`;
  },

  batch: 'Many at once: throughput over batch size',
  batchNote:
    'The same prompt in many rows, decoded together. The weights are read once for all rows, so that a larger batch makes more tokens a second, until arithmetic is the limit; each single request gets slower.',
  largest: 'largest batch',
  batchGo: 'Measure every size',
  rateTitle: 'tokens per second, all rows',
  stepTitle: 'ITL of each request',
  size: 'rows',
  batchTable: ['rows', 'tokens/s', 'ITL', 'KV cache', 'FLOP per byte', 'tokens as alone'],
  /** @param {Payload.Throughput} found */
  batchSummary(found) {
    const { points, slow_start: slow, roofline, ended: why } = found;
    const [first, last] = [points[0], points.at(-1)];
    const same = points.every(({ equal }) => equal)
      ? 'Every row gave the tokens of the row alone.'
      : 'Some rows gave other tokens than alone: a batch multiplies in other shapes, and near ties fall otherwise.';
    const most =
      points.length < 2
        ? `One row made ${rate(first.rate)}, a token every ${s(first.step)}.`
        : `${num(last.batch)} rows made ${rate(last.rate)}, ${times(last.rate / first.rate)} as many as one; each request then waited ${s(last.step)} for a token instead of ${s(first.step)}.`;
    return `${most}${slow ? slowStart(points) : ''}${bendOf(found)}${raisedRoof(roofline)} ${same}${stopReasons[why] ?? ''}`;
  },
  numbers: 'The numbers',
};
