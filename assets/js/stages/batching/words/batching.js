// The words of the batching panel.

import { count, ms, num, pct } from '../../../maths/format.js';
import { page } from '../../../parts/words/page.js';

/** @param {number} seconds */
const s = (seconds) => ms(seconds * 1000);
/** @param {number} n */
const requests = (n) => count(n, 'request');
/** @param {Payload.BatchingResultAnswer} way */
const positions = (way) => way.steps.reduce((sum, step) => sum + step.n_positions, 0);

/** @param {Payload.BatchingResultAnswer} way */
function differences(way) {
  const off = way.served.filter(({ equal }) => !equal);
  if (!off.length) return '';
  return ` ${requests(off.length)} gave other tokens than alone: the two likeliest logits were ${off.map(({ gap }) => (gap === null ? '–' : num(gap, 2))).join(', ')} apart there, and a batch multiplies in other shapes.`;
}

export const batching = {
  seconds: s,
  title: 'A few requests at once',
  note: 'Edit the requests: what they ask, how many tokens they may get, and when they arrive. Both ways to serve them run on the live model, one after the other.',
  head: ['prompt', 'tokens at most', 'arrives after', ''],
  prompt: 'Prompt of request',
  tokens: 'Tokens at most of request',
  arrival: 'Arrival of request, in seconds',
  unit: 's',
  add: 'Add a request',
  copy: 'Copy',
  remove: 'Remove',
  go: 'Serve them both ways',
  stop: 'Stop',
  chat: 'The chat template is on in this run, so it is put around each prompt.',

  static: 'Static batching',
  staticNote: 'Waits until all requests are there, pads them to one length, and decodes until the longest answer ends.',
  continuous: 'Continuous batching',
  continuousNote:
    'Requests join and leave between two steps; nothing is padded, and keys and values live in blocks of a paged cache. By transformers’ own engine.',
  /** @param {string} reason */
  none: (reason) => `There is no continuous run: ${reason}.`,
  key: { waits: 'waits', prefill: 'prefill', decode: 'decodes', token: 'a token' },
  gantt: 'Each request over time',
  load: 'Requests in each forward pass',
  /** @param {number} n @param {number} size */
  blocks: (n, size) => `Blocks of the paged cache in use, of ${n} with ${size} positions each`,
  /** @param {number} i */
  row: (i) => `request ${i + 1}`,
  /** @param {number} i @param {Payload.ServedAnswer} one */
  rowSummary: (i, { ttft, latency }) => `request ${i + 1}: first token after ${s(ttft)}, done after ${s(latency)}`,

  cells: 'What the padded tensors hold',
  /** @param {Payload.BatchingResultAnswer} way */
  cellsNote: (way) =>
    `A row for each request: padding before its prompt, its prompt, its tokens that were fed back for the next one, and what was still computed for it after its end. These are the ${count(positions(way), 'position')} counted above; a request’s last token is none of them.`,
  cellKey: { pad: 'padding', prompt: 'prompt', made: 'tokens fed back', waste: 'computed for nobody' },
  /** @param {Payload.BatchingResultAnswer} way */
  facts: (way) => [
    ['all done after', s(way.seconds), 'from the first arrival'],
    ['throughput', `${num(way.rate, 3)} tokens/s`, 'all requests together'],
    ['wasted positions', pct(way.wasted), 'computed, and asked for by nobody'],
    ['forward passes', num(way.steps.length), count(positions(way), 'position')],
  ],
  table: ['request', 'prompt', 'tokens', 'TTFT', 'latency', 'TTFT', 'latency', 'as alone'],
  perRequest: 'Request by request',
  answers: 'What each request got',
  /** @param {number} i @param {Payload.ServedAnswer} one */
  answer: (i, { tokens, ended }) => `request ${i + 1}: ${count(tokens.length, 'token')}, ${page.ended[ended]}`,
  /** @param {string} way @param {number} i @param {Payload.ServedAnswer} one */
  answerBy: (way, i, one) => `${way}, ${batching.answer(i, one)}`,
  /** @param {boolean} equal */
  both: (equal) => (equal ? '✓' : '✗'),

  /** @param {Payload.BatchingAnswer} found */
  summary({ static: a, continuous: b, reason }) {
    /** @param {Payload.BatchingResultAnswer} way */
    const meanTtft = (way) => way.served.reduce((sum, one) => sum + one.ttft, 0) / way.served.length;
    const first = `Static batching took ${s(a.seconds)} and wasted ${pct(a.wasted)} of the positions it computed; the mean time to first token was ${s(meanTtft(a))}.`;
    if (!b)
      return reason ? `${first} There is no continuous run: ${reason}.${differences(a)}` : `${first}${differences(a)}`;
    const same = [a, b].every((way) => way.served.every(({ equal }) => equal))
      ? ' Every request got, both ways, exactly the tokens it gets alone.'
      : differences(a) || differences(b);
    return `${first} Continuous batching took ${s(b.seconds)}, wasted ${pct(b.wasted)}, and gave the first token after ${s(meanTtft(b))}.${same}`;
  },
};
