// The words of the comparison of two models.

import { count, ms, num, parameters, pct } from '../../../maths/format.js';

/** @param {number | null} [seconds] */
const s = (seconds) => (seconds === null || seconds === undefined ? '–' : ms(seconds * 1000));
/** @param {Page.Card} card */
const short = ({ model_id: id }) => id.split('/').pop();
/** @param {Payload.SurprisalAnswer | null} score */
const bits = (score) => (score && score.bits_per_byte !== null ? `${num(score.bits_per_byte, 3)} bits` : '–');

/**
 * A side's name: the model, and its number format where the models are the same.
 * @param {Pick<Page.Side, 'card'>[]} sides
 * @param {number} i
 */
const name = (sides, i) => {
  const [a, b] = sides.map(({ card }) => card);
  return a.model_id === b.model_id ? `${short(sides[i].card)}, ${sides[i].card.dtype}` : short(sides[i].card);
};

export const compare = {
  title: 'Compare two models',
  note: 'The prompt and settings of this run, on another model or in another number format: both are run here, one after the other.',
  with: 'This run beside',
  another: 'Another model …',
  example: 'org/name, org/name/file.gguf, /path/to/folder',
  nothing: 'No model is named. Type a name as on the Hub, or choose one of the list.',
  numbers: 'This model in other numbers',
  /** @param {Page.Card} card @param {string} dtype */
  inNumbers: (card, dtype) => `${short(card)} in ${dtype}`,
  held: 'In memory',
  /** @param {Payload.LoadedModel} model */
  inMemory: ({ title, dtype, device }) => `${title.split('/').pop()} · ${dtype} on ${device}`,
  listed: 'Small open models',
  go: 'Compare',
  stop: 'Stop',
  name,

  figures: 'Figures',
  /** @param {Page.Side[]} sides */
  rows: (sides) => {
    /** @param {string} title @param {(side: Page.Side) => string} value */
    const row = (title, value) => [title, ...sides.map(value)];
    return [
      row('family', ({ card }) => card.family),
      row('layers × heads', ({ card }) =>
        card.n_heads ? `${card.n_layers} × ${card.n_heads}` : `${card.n_layers}, no attention`,
      ),
      row('parameters', ({ card }) => parameters(card.n_parameters)),
      row('numbers', ({ card }) => `${card.dtype} on ${card.device}`),
      row('vocabulary', ({ card }) => num(card.n_vocab)),
      row('prompt', ({ run }) => count(run.tokens.length, 'token')),
      row('prompt, surprisal per byte', ({ score }) => bits(score)),
      row('prompt, perplexity per token', ({ score }) =>
        score && score.perplexity !== null ? num(score.perplexity, 3) : '–',
      ),
      row('TTFT', ({ latency }) => s(latency.ttft)),
      row('ITL, median', ({ latency }) => s(latency.itl_p50)),
      row('decode', ({ latency }) => (latency.decode_rate ? `${num(latency.decode_rate, 3)} tokens/s` : '–')),
    ];
  },

  tokens: 'The prompt in tokens',
  tokensNote:
    'A tokenizer belongs to its model. Surprisal per byte, not per token, compares models that cut a text differently.',
  /** @param {Page.Side[]} sides */
  cut: ([a, b]) =>
    a.run.tokens.length === b.run.tokens.length && a.run.tokens.every((token, i) => token.text === b.run.tokens[i].text)
      ? `Both cut it into the same ${count(a.run.tokens.length, 'token')}.`
      : `${name([a, b], 0)} cuts it into ${count(a.run.tokens.length, 'token')}, ${name([a, b], 1)} into ${count(b.run.tokens.length, 'token')}.`,

  /** @param {Page.Side[]} sides */
  lost: (sides) =>
    sides
      .map(
        ({ run, score }, i) =>
          score?.n_unknown > 0 &&
          ` ${name(sides, i)}: ${num(score.n_unknown)} of ${count(run.tokens.length, 'token')} stand for text that is unknown to its tokenizer and lost, so there is no surprisal per byte.`,
      )
      .filter(Boolean)
      .join(''),

  answers: 'The answers',
  answersNote: 'Click a token to see what each model had to choose from there.',
  /** @param {number} at @param {Page.RunToken} token */
  pick: (at, token) => `step ${at + 1}: ${token.text}`,
  /** @param {number} at @param {Page.Side[]} sides */
  partsAt: (at, [a, b]) => {
    if (at < Math.min(a.run.steps.length, b.run.steps.length))
      return `They part at step ${at + 1}. From there on each continues a text of its own.`;
    return a.run.steps.length === b.run.steps.length
      ? 'Every token is the same.'
      : `The first ${count(at, 'token')} are the same; then one ends.`;
  },
  /** @param {number} at */
  step: (at) => `Step ${at + 1}: the likeliest tokens`,
  apart: 'The texts before this step differ already.',
  columns: ['token', 'id', 'logit', 'probability'],
  /** @param {number} value */
  entropy: (value) => `entropy ${num(value, 3)} bits`,
  ended: 'This answer has ended before.',

  lens: 'Logit lens at the last prompt position',
  lensNote:
    'If the network ended after each layer: how probable the token would be that the model itself selects first.',
  lensChart: 'Probability of the model’s own first token',
  lensAxis: 'row: embedding, then layers',
  lensTable: 'The likeliest token after each layer',
  row: 'after',
  /** @param {number} at */
  rowName: (at) => (at === 0 ? 'embedding' : `layer ${at - 1}`),

  /** @param {Page.Side[]} sides @param {number} parts */
  summary: (sides, parts) => {
    const [a, b] = sides;
    const first = sides.map(({ run }) => run.steps[0]);
    const tokens =
      first[0] && first[1]
        ? `${name(sides, 0)} gives its first token ${pct(first[0].probability)}, ${name(sides, 1)} ${pct(first[1].probability)}. `
        : '';
    const same =
      parts >= Math.max(a.run.steps.length, b.run.steps.length)
        ? `All ${count(parts, 'token')} are the same. `
        : `The first ${count(parts, 'token')} of the answers are the same. `;
    const speed =
      a.latency.itl_p50 && b.latency.itl_p50
        ? `A token takes ${s(a.latency.itl_p50)} and ${s(b.latency.itl_p50)} here.`
        : '';
    return tokens + (parts ? same : 'The answers differ from the first token on. ') + speed;
  },
};
