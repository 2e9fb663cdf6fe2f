// The words of the speculative decoding panel.

import { count, ms, num, pct } from '../../../maths/format.js';

/** @type {Record<string, [title: string, note: string]>} */
const KINDS = {
  llama: [
    'its own 4-bit weights',
    'The same model, rounded to 4 bits, on llama.cpp: several times as fast and mostly of the same opinion. Drawn tokens come from its 100 likeliest alone: these are its q.',
  ],
  lookup: [
    'prompt lookup',
    'What followed the last few tokens where they stood before. Costs next to nothing; guesses only where the text repeats itself.',
  ],
  exit: [
    'its first layers',
    'The model itself, left early: final norm and head read the residual stream after fewer layers.',
  ],
  model: ['another model', 'A smaller model with the same tokenizer, by its Hub id or folder.'],
};

/**
 * A count with three significant digits.
 * @param {number} value
 * @param {string} noun
 */
const some = (value, noun) => count(Number(value.toPrecision(3)), noun);

/**
 * Explains the measured speed-up: what a round cost, and how many tokens it gave.
 * @param {Payload.Totals} t
 */
function because(t) {
  if (t.acceptance === null) return 'The draft proposed nothing, so each pass made one token.';
  const drafting = t.proposed_per_round * t.draft_cost;
  const round = `A round took as long as ${some(drafting + t.verify_cost, 'plain step')} (${num(drafting, 2)} to draft, ${num(t.verify_cost, 3)} to verify) and made ${some(t.tokens_per_forward, 'token')}.`;
  if (t.speed_up >= 1) return round;
  const slow =
    drafting > t.verify_cost
      ? 'the draft is too slow for what it gets right'
      : 'one pass over several positions costs more here than the accepted tokens save';
  return `${round} That is a loss: ${pct(t.acceptance)} of the judged proposals were accepted, and ${slow}.`;
}

export const speculative = {
  title: 'Speculative decoding',
  note: 'A quick draft proposes the next few tokens; the model verifies all of them in one forward pass and keeps those it agrees with. Where decoding waits for memory, a pass over several positions takes little longer than one over a single position; this run says how much longer it was here.',
  draft: 'draft',
  kinds: KINDS,
  /** @param {string} reason */
  off: (reason) => `off here: ${reason}`,
  perRound: 'proposals a round',
  tokens: 'tokens',
  layers: 'after layer',
  model: 'Hub id or folder',
  go: 'Decode with and without',
  stop: 'Stop',
  /**
   * @param {Payload.Totals} t
   * @returns {Page.Fact[]}
   */
  facts: (t) => [
    [
      'speed-up, measured',
      `${num(t.speed_up, 3)}×`,
      `${ms(t.draft_seconds * 1000 + t.verify_seconds * 1000)} against ${ms(t.plain_seconds * 1000)} for the same ${count(t.n_tokens, 'token')}, taken in turn`,
    ],
    [
      'by theory',
      t.expected === null ? '–' : `${num(t.expected, 3)}×`,
      `(1 − αᵞ⁺¹) / ((1 − α)(γc + v)); ${t.ideal === null ? '–' : `${num(t.ideal, 3)}×`} if a verification cost one plain step, v = 1 (Leviathan et al. 2023)`,
    ],
    [
      'accepted, α',
      t.acceptance === null ? '–' : pct(t.acceptance),
      t.acceptance === null
        ? 'nothing was proposed'
        : `${t.n_accepted} of ${count(t.n_judged, 'judged proposal')}; by how far p and q overlap, ${pct(t.overlap)} were to be expected`,
    ],
    [
      'tokens a target pass',
      num(t.tokens_per_forward, 3),
      `${count(t.n_tokens, 'token')} in ${count(t.n_rounds, 'pass').replace('passs', 'passes')}; plain decoding makes 1`,
    ],
    [
      'a drafted token, c',
      `${num(t.draft_cost, 2)} of a step`,
      `${ms((t.draft_seconds * 1000) / Math.max(1, t.n_proposed))}; γ = ${num(t.proposed_per_round, 3)} of them a round`,
    ],
    [
      'a verification, v',
      some(t.verify_cost, 'step'),
      `${ms((t.verify_seconds * 1000) / t.n_rounds)}, where a plain step took ${ms((t.plain_seconds * 1000) / t.n_tokens)}`,
    ],
  ],

  /** @param {Payload.SpeculateAnswer} found */
  summary({ totals: t, ended }) {
    const verdict =
      t.speed_up >= 1
        ? `${num(t.speed_up, 3)} times as fast as plain decoding`
        : `slower than plain decoding: ${num(t.speed_up, 2)} of its speed`;
    const end =
      {
        eos: 'The model ended its answer.',
        stop: 'A stop string was written.',
        context: 'The context is full.',
        time: 'The time for one measurement was spent, so it stopped here.',
      }[ended] ?? '';
    return `This run was ${verdict}. ${because(t)} ${end}`.trim();
  },
  equal: 'The tokens are those of plain decoding.',
  /** @param {number} at @param {number} gap */
  differs: (at, gap) =>
    `Token ${at + 1} is another than in plain decoding: there the two likeliest logits were ${num(gap, 2)} apart, less than float rounding moves them between passes of other shapes.`,
  /** @param {number} at @param {number} gap */
  differsMuch: (at, gap) =>
    `Token ${at + 1} is another than in plain decoding, where it was ${num(gap, 2)} of a logit behind.`,
  drawn:
    'Where draft and target agree, the tokens are those of plain decoding with this seed; elsewhere they may differ, as two seeds do. Checked on this run: each kept proposal, what was left to draw from after each rejection, and each drawn number.',

  clock: 'On one clock',
  /** @param {Payload.SpeculateAnswer} found */
  clockNote: (found) =>
    `Each piece is as wide as it took; click one to see its round. Before the first, the target read the prompt in ${ms(found.prefill_seconds * 1000)} for both ways and the draft in ${ms(found.draft_prefill_seconds * 1000)}: no part of the speed-up.`,
  lanes: ['speculative', 'plain'],
  pieces: [
    { name: 'draft proposes', kind: 'spec-draft-time' },
    { name: 'target verifies', kind: 'spec-verify-time' },
    { name: 'plain decoding of the same round’s tokens', kind: 'spec-plain-time' },
  ],

  rounds: 'Round by round',
  roundsNote:
    'Green was accepted, struck out was rejected, pale stood behind a rejection and was never judged. The last of each round is the target’s own.',
  /** @param {number} i */
  round: (i) => `round ${i + 1}`,
  /** @param {number} i @param {Payload.RoundAnswer} r */
  roundLabel: (i, r) => `Round ${i + 1}: ${r.n_accepted} of ${count(r.proposed.length, 'proposal')} accepted`,
  /** @type {Record<string, string>} */
  extra: { bonus: 'bonus', resampled: 'resampled', end: 'the end' },
  alone: 'no guess',
  taken: '← taken',
  /** @param {string} number */
  drawnNumber: (number) => `Drawn number: ${number}.`,
  /** @param {string} kind */
  leftTable: (kind) => ['token', 'p', 'q', kind === 'resampled' ? 'norm(max(p − q, 0))' : 'drawn from', ''],
  table: ['proposed', 'draft alone', 'target alone', 'q', 'p', 'min(1, p/q)', 'drawn number', ''],
  tableNote:
    'q is what the proposal was drawn from, p what the target gives it, both with the sampling settings applied; in greedy decoding all weight is on one token. A proposal stays when its drawn number, the mark on the bar, is below min(1, p/q).',
  accepted: '✓ accepted',
  rejected: '✗ rejected',
  unjudged: 'not judged',
  /** @type {Record<string, string>} */
  added: {
    end: 'The end token was accepted, so nothing is added behind it.',
    bonus: 'All were accepted: the same pass gives one more token for free, from the target’s own distribution.',
    plain: 'One token from the target’s own distribution.',
    resampled: 'In place of the rejected token: drawn from what is left, norm(max(p − q, 0)).',
  },
  none: 'The draft had nothing to propose: this pass made one token.',
};
