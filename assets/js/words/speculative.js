// The words of the speculative decoding panel.

import { count, ms, num, pct } from '../core/format.js';

const KINDS = {
  llama: ['its own 4-bit weights', 'The same model, rounded to 4 bits, on llama.cpp: several times as fast and mostly of the same opinion.'],
  lookup: ['prompt lookup', 'What followed the last few tokens where they stood before. Costs next to nothing; guesses only where the text repeats itself.'],
  exit: ['its first layers', 'The model itself, left early: final norm and head read the residual stream after fewer layers.'],
  model: ['another model', 'A smaller model with the same tokenizer, by its Hub id or folder.'],
};

/** Why it came out as it did, with the numbers that decide it. */
function because(t, n) {
  const cost = `A drafted token cost ${num(t.draft_cost, 2)} and a verification ${num(t.verify_cost, 2)} plain steps`;
  if (t.acceptance === null) return 'The draft proposed nothing, so each pass made one token.';
  const expected = `by theory ${count(n, 'proposal')} a round, accepted at ${pct(t.acceptance)}, then give ${num(t.expected, 3)}×`;
  return `${cost}; ${expected}.`;
}

export const speculative = {
  title: 'Speculative decoding',
  note: 'A quick draft proposes the next few tokens; the model verifies all of them in one forward pass and keeps those it agrees with. Where decoding waits for memory, a pass over several positions takes little longer than one over a single position; this run says how much longer it was here.',
  draft: 'draft',
  kinds: KINDS,
  off: (reason) => `off here: ${reason}`,
  perRound: 'proposals a round',
  tokens: 'tokens',
  layers: 'after layer',
  model: 'Hub id or folder',
  go: 'Decode with and without',
  stop: 'Stop',
  forced: 'Forced tokens of this run are left out: it decodes from the prompt.',

  facts: (t) => [
    ['speed-up, measured', `${num(t.speed_up, 3)}×`, `${ms(t.draft_seconds * 1000 + t.verify_seconds * 1000)} against ${ms(t.plain_seconds * 1000)} for the same ${count(t.n_tokens, 'token')}, taken in turn`],
    ['by theory', t.expected === null ? '–' : `${num(t.expected, 3)}×`, '(1 − αⁿ⁺¹) / (1 − α) tokens a round, over n drafts and one verification'],
    ['accepted', t.acceptance === null ? '–' : pct(t.acceptance), `${t.n_accepted} of ${count(t.n_judged, 'judged proposal')}; ${count(t.n_proposed - t.n_judged, 'proposal')} stood behind a rejection`],
    ['tokens a target pass', num(t.tokens_per_forward, 3), `${count(t.n_tokens, 'token')} in ${count(t.n_rounds, 'pass').replace('passs', 'passes')}; plain decoding makes 1`],
    ['a drafted token', ms((t.draft_seconds * 1000) / Math.max(1, t.n_proposed)), `${num(t.draft_cost, 2)} of a plain step`],
    ['a verification', ms((t.verify_seconds * 1000) / t.n_rounds), `${num(t.verify_cost, 2)} of a plain step`],
  ],

  said({ totals: t, ended, n_draft: n }) {
    const verdict = t.speed_up >= 1 ? `${num(t.speed_up, 3)} times as fast as plain decoding` : `slower than plain decoding: ${num(t.speed_up, 2)} of its speed`;
    const end = { eos: 'The model ended its answer.', context: 'The context is full.', time: 'The time for one measurement was spent, so it stopped here.' }[ended] ?? '';
    return `This run was ${verdict}. ${because(t, n)} ${end}`.trim();
  },
  equal: 'The tokens are those of plain decoding.',
  differs: (at, gap) => `Token ${at + 1} is another than in plain decoding: there the two likeliest logits were ${num(gap, 2)} apart, less than float rounding moves them between passes of other shapes.`,
  differsMuch: (at, gap) => `Token ${at + 1} is another than in plain decoding, where it was ${num(gap, 2)} of a logit behind.`,
  drawn: 'Drawn tokens differ from those of plain decoding, as two seeds do; their distribution is the same. The tests hold it against a chi-square bound on a small vocabulary.',

  rounds: 'Round by round',
  roundsNote: 'Green was accepted, struck out was rejected, pale stood behind a rejection and was never judged. The last of each round is the target’s own.',
  round: (i) => `round ${i + 1}`,
  roundLabel: (i, r) => `Round ${i + 1}: ${r.n_accepted} of ${count(r.proposed.length, 'proposal')} accepted`,
  bonus: 'bonus',
  resampled: 'resampled',
  end: 'the end',
  table: ['proposed', 'draft alone', 'target alone', 'q', 'p', 'min(1, p/q)', 'drawn number', ''],
  tableNote: 'q is what the proposal was drawn from, p what the target gives it, both with the sampling settings applied; in greedy decoding all weight is on one token. A proposal stays when its drawn number is below min(1, p/q).',
  accepted: '✓ accepted',
  rejected: '✗ rejected',
  unjudged: 'not judged',
  added: {
    end: 'The end token was accepted, so nothing is added behind it.',
    bonus: 'All were accepted: the same pass gives one more token for free, from the target’s own distribution.',
    resampled: 'In place of the rejected token: drawn from what is left, norm(max(p − q, 0)).',
  },
  none: 'The draft had nothing to propose: this pass made one token.',
  chart: 'time in all',
  axis: 'tokens',
  series: ['speculative', 'plain'],
};
