// The text of the fixed parts of the page, in one place.

import { isBeam } from '../../maths/branches.js';
import { count, every, ms, num, pct } from '../../maths/format.js';
import { ownItl, reusedCount } from '../../maths/times.js';
import { candidate, label } from '../../maths/tokens.js';
import { quote } from './formula.js';

export const page = {
  title: 'Token by Token',
  tagline: 'LLM inference, one real step at a time',
  prompt: 'Your prompt',
  placeholder: 'Type a prompt, then Run',
  chat: 'Chat template',
  chatTitle: 'Wrap the prompt in the chat template the model was trained with',
  system: 'System text',
  systemHint: "empty: the template's own",
  date: 'Date in the template',
  run: 'Run',
  runTitle: 'Prefill, then decode to the end (Ctrl+Enter)',
  step: 'Step by step',
  stepTitle: 'Prefill only; Next then makes one token at a time',
  pause: 'Pause',
  halt: 'Stop',
  settings: 'Sampling settings',
  greedy: 'Greedy',
  sample: 'Sample',
  temperature: 'Temperature',
  topK: 'Top-k',
  topP: 'Top-p',
  minP: 'Min-p',
  typicalP: 'Typical-p',
  repetition: 'Repetition penalty',
  presence: 'Presence penalty',
  frequency: 'Frequency penalty',
  seed: 'Seed',
  maxNewTokens: 'New tokens, at most',
  off: 'off',
  /** @param {string} name @param {string | number} value */
  inSummary: (name, value) => `${name} ${value}`,
  stop: 'Stop string',
  stopHint: 'none',
  speed: 'Speed of Play',
  theme: 'Light or dark',
  examples: 'Examples',
  /** @param {number} n */
  release: (n) => `${count(n, 'token')} forced · release`,
  releaseTitle:
    'Tokens were put into the answer that the model did not select. Release them, and it selects every token itself again',
  changed: 'Changed since this run: press Run.',
  dismiss: 'Dismiss',
  away: 'The server does not answer. This page goes on by itself when it is back, and nothing is lost.',
  back: 'Back',
  next: 'Next',
  play: 'Play',
  again: 'From the start',
  /** @param {number} n */
  more: (n) => `Continue (+${n})`,
  promptTokens: 'prompt',
  answerTokens: 'generated',
  surprise: 'Colour by surprisal',
  surpriseTitle: 'How unexpected each token was to the model, in bits; the prompt takes one more forward pass',
  /** @param {string | null} prompt @param {string | null} answer */
  perplexity: (prompt, answer) =>
    [prompt && `perplexity of the prompt ${prompt}`, answer && `of the answer ${answer}`].filter(Boolean).join(' · '),
  noAnswer: 'nothing generated yet',
  /** @type {Record<string, string>} */
  ended: { eos: 'end token', limit: 'limit reached', context: 'context full', stop: 'stop string' },
  around: 'Around it',
  /** @param {number} n */
  loop: (n) => (n > 1 ? `↺ fed back ${count(n - 1, 'time')}` : ''),
  keys: '← → step · space play',
};

/** @param {Page.Run} run */
const inside = (run) => run.prefill.forward_ms - run.prefill.embed_ms - run.prefill.head_ms;

/** @typedef {(moment: Page.Moment) => string} Describe */

/**
 * The ribbon: each stage's title, what it made, and how long that took in this run.
 * @type {Record<Page.WalkStage, { title: string, made: Describe, time?: Describe }>}
 */
export const ribbon = {
  text: { title: 'Text', made: ({ run }) => count([...run.text_in].length, 'character') },
  tokenize: {
    title: 'Tokens',
    made: ({ run }) => count(run.tokens.length, 'token'),
    time: ({ run }) => ms(run.tokenize_ms),
  },
  embed: {
    title: 'Embeddings',
    made: ({ run, card }) => (card ? `${run.tokens.length} × ${card.d_embed}` : ''),
    time: ({ run }) => ms(run.prefill.embed_ms),
  },
  prefill: {
    title: 'Prefill',
    made: ({ card }) => (card ? `${card.n_layers} layers` : ''),
    time: ({ run }) => ms(inside(run)),
  },
  layers: {
    title: 'Layers',
    made: ({ card }) => (card ? `stream of ${num(card.d_model)}` : ''),
  },
  decode: {
    title: 'Probabilities',
    made: ({ card }) => (card ? `${num(card.n_vocab)} tokens` : ''),
    time: ({ run, now }) => (now?.index > 0 ? ms(now.forward_ms) : ms(run.prefill.head_ms)),
  },
  select: {
    title: 'Selected token',
    made: ({ now }) => (now ? label(now.token, 12) : '–'),
    time: ({ now }) => (now ? ms(now.sampling_ms) : ''),
  },
  detokenize: {
    title: 'Text',
    made: ({ run }) => count([...run.text].length, 'character'),
    time: ({ run }) => ms(run.detokenize_ms),
  },
};

/**
 * @param {Page.Recipe} recipe
 * @param {Page.Step} step
 * @param {boolean} byBeams
 */
function explainChoice(recipe, step, byBeams) {
  if (step.forced)
    return byBeams
      ? `Beam search chose ${quote(step.token)}`
      : `${quote(step.token)} was put here, not selected by the model, which gave it ${pct(step.probability)}`;
  if (!recipe.sampling.do_sample && step.stages.length)
    return `After the penalties ${quote(step.token)} has the largest score, and greedy takes it; by the model itself it has ${pct(step.probability)}`;
  if (!recipe.sampling.do_sample)
    return `Greedy takes the most likely token, ${quote(step.token)} at ${pct(step.probability)}`;
  return `The seed's number for this position is ${num(step.draw, 4)}; it falls into the share of ${quote(step.token)}, ${pct(step.chosen_from)} after the settings`;
}

/**
 * What a run generated and in what time; of a branch, only its own part.
 * @param {Page.Run} run
 */
function made(run) {
  const [nReused, own] = [reusedCount(run), ownItl(run)];
  const duration = own.reduce((a, b) => a + b, 0);
  if (!nReused) return `From here it made ${count(run.steps.length, 'token')} in ${ms(run.ttft_ms + duration)}.`;
  const rest = own.length ? `, and made ${own.length} more in ${ms(duration)}` : '';
  return `From here it took over ${count(nReused, 'token')} from an earlier run${rest}.`;
}

/**
 * What happens at a stop, in one or two plain sentences with this run's numbers.
 * @type {Record<Page.WalkStage, Describe>}
 */
export const sentences = {
  text: ({ run }) =>
    `This is all the model is given: ${count([...run.text_in].length, 'character')}${run.recipe.chat ? ', the chat template included' : ''}. ` +
    (run.steps.length ? `${made(run)} Press Next to see how.` : 'Press Next to see what it does with it.'),
  tokenize: ({ run }) =>
    `The tokenizer cut the text into ${count(run.tokens.length, 'token')}, ${count(Number(([...run.text_in].length / run.tokens.length).toPrecision(3)), 'character')} each on average. The model never sees letters, only the ids: ${run.tokens
      .slice(0, 5)
      .map((t) => t.id)
      .join(', ')}${run.tokens.length > 5 ? ' …' : '.'}`,
  embed: ({ run, card }) =>
    `Each id picks one row of a table with ${card ? num(card.n_vocab) : 'as many'} rows${card ? ` of ${num(card.d_embed)} numbers` : ''}. ${run.tokens.length > 1 ? `These ${run.tokens.length} rows` : 'This row'}${card && card.d_embed !== card.d_model ? `, ${run.tokens.length > 1 ? 'each ' : ''}through a matrix to ${num(card.d_model)} numbers,` : ''} ${run.tokens.length > 1 ? 'are' : 'is'} where the first layer starts from; some models scale them or add a row for the position first.`,
  prefill: ({ run, card }) =>
    `One forward pass took ${every(run.tokens.length, 'position')} through ${card ? `${card.n_layers} layers` : 'every layer'} at once in ${ms(run.prefill.forward_ms)}, and left ${card?.uncached ? 'nothing to go on from: no KV cache is used here' : card && !card.n_heads ? 'a state that the next token goes on from' : `keys and values ${run.tokens.length > 1 ? 'for each ' : ''}in the KV cache`}.`,
  layers: ({ run, card }) => {
    const first = run.steps[0];
    const end = first ? `; what stands at the end gives ${quote(first.token)} ${pct(first.probability)}` : '';
    return `At every position ${card ? num(card.d_model) : 'some'} numbers go through ${card ? `${card.n_layers} layers` : 'the layers'}, and each layer adds to them what it found. At the last prompt token that begins with the row of ${quote(run.tokens.at(-1))}${end}.`;
  },
  decode: ({ card, now }) => {
    if (!now)
      return 'The prefill ends with a score for every token of the vocabulary. Press Next to select the first token.';
    const input = card?.uncached ? `All ${num(now.token.position)} positions again` : 'One new position';
    const how = now.index === 0 ? 'The last prompt position' : `${input}, through all layers in ${ms(now.forward_ms)},`;
    return `${how} ${now.index && card?.uncached ? 'give' : 'gives'} each of ${card ? num(card.n_vocab) : 'all'} tokens a probability. Most likely is ${quote(candidate(now.candidates, 0))} with ${pct(now.candidates.probability[0])}; the entropy is ${num(now.entropy, 3)} bits.`;
  },
  select: ({ run, now, branches }) => {
    if (!now) return 'No token has been selected yet.';
    const last = now.index === run.steps.length - 1 && run.stop.kind;
    const then = last ? `Decoding ends here: ${run.stop.detail}.` : 'It is appended, and fed back as the next input.';
    return `${explainChoice(run.recipe, now, isBeam({ run, branches }))}. ${then}`;
  },
  detokenize: ({ run }) =>
    run.steps.length
      ? `The bytes of ${count(run.steps.length, 'token')} are joined and read as text: ${count([...run.text].length, 'character')}. ${run.stop.kind ? `It ended because ${run.stop.detail}.` : 'It can still go on.'}`
      : 'No token has been generated yet, so there is no text.',
};
