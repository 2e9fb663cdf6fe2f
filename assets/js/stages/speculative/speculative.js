// Speculative decoding: the draft, the rounds of a measurement, and their cost beside plain decoding.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { facts } from '../../core/elements/facts.js';
import { explain } from '../../core/errors.js';
import { ms } from '../../maths/format.js';
import { measurement } from '../../parts/panel/measurement.js';
import { lanes, lanesKey } from './charts/lanes.js';
import { roundsList } from './rounds.js';
import { speculative as words } from './words/speculative.js';

export { speculative as formulas } from './words/formulas.js';

const NEAR_TIE = 1e-3;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  /** @param {number} value @param {number} min @param {number} max */
  const number = (value, min, max) => h('input', { type: 'number', min, max, value });
  const fields = {
    n_draft: number(6, 1, 16),
    n_tokens: number(48, 2, 128),
    n_layers: number(20, 1, 200),
    draft_model: h('input', { type: 'text' }),
  };
  /** @param {string} name @param {HTMLInputElement} field */
  const labelRow = (name, field) => h('label', { class: 'number-row' }, name, field);
  // The field that one kind of draft needs beside the numbers.
  const extra = { exit: labelRow(words.layers, fields.n_layers), model: labelRow(words.model, fields.draft_model) };
  const choices = h('div', { class: 'spec-drafts', role: 'radiogroup', 'aria-label': words.draft });
  const figures = h('dl', { class: 'facts' });
  const proof = h('p', { class: 'spec-proof' });
  const mark = checkMark();
  const clockNote = h('p', { class: 'dim' });
  const clock = h('div', { class: 'spec-clock' });
  const list = h('div', { class: 'spec-list' });
  const rounds = roundsList(list, drawClock);
  const timed = lanes(clock, rounds.pick);
  const work = measurement(ctx, { job: 'speculate', args, show, go: words.go, stop: words.stop });
  fill(
    work.found,
    figures,
    proof,
    mark.element,
    h('h3', {}, words.clock),
    clockNote,
    lanesKey(words.pieces),
    clock,
    list,
  );
  root.append(
    h(
      'div',
      { class: 'card' },
      h('h2', {}, words.title),
      h('p', { class: 'dim' }, words.note),
      choices,
      h(
        'div',
        { class: 'kv-controls' },
        labelRow(words.perRound, fields.n_draft),
        labelRow(words.tokens, fields.n_tokens),
        extra.exit,
        extra.model,
        work.button,
      ),
      work.status,
      work.found,
    ),
  );
  let kind = '';
  const asking = createAsk();
  /** @type {Payload.RoundAnswer[]} */
  let done = [];

  function args() {
    return {
      kind,
      n_draft: fields.n_draft.valueAsNumber,
      n_tokens: fields.n_tokens.valueAsNumber,
      n_layers: fields.n_layers.valueAsNumber,
      draft_model: fields.draft_model.value,
    };
  }

  /** @param {string} next */
  function choose(next) {
    kind = next;
    for (const [name, row] of Object.entries(extra)) row.hidden = name !== kind;
  }

  /** @param {Payload.DraftChoice} draft */
  function option({ kind: name, reason }) {
    const [title, note] = words.kinds[name];
    const radio = h('input', {
      type: 'radio',
      name: 'spec-draft',
      value: name,
      checked: name === kind,
      disabled: Boolean(reason),
      onchange: () => choose(name),
    });
    return h(
      'label',
      { class: reason ? 'spec-draft off' : 'spec-draft' },
      radio,
      h('span', {}, h('strong', {}, title), h('span', { class: 'dim' }, reason ? words.off(reason) : note)),
    );
  }

  /** @param {Page.State} state */
  function offer({ card }) {
    if (!card) return;
    asking.ask({
      key: card.model_id,
      question: () => ctx.view('drafts'),
      onanswer({ drafts, n_layers }) {
        choose(drafts.find(({ reason }) => !reason)?.kind ?? '');
        fill(choices, drafts.map(option));
        fields.n_layers.max = String(n_layers - 1);
        fields.n_layers.value = String(Math.max(1, Math.round((2 * n_layers) / 3)));
        work.button.disabled = !kind;
      },
      onerror(error) {
        asking.forget();
        notice(choices, explain(error));
      },
    });
  }

  /** @param {Payload.SpeculateAnswer} found */
  function show(found) {
    if (!found.rounds.length) return undefined;
    fill(figures, facts(words.facts(found.totals)));
    proof.classList.toggle('good', found.equal === true);
    fill(proof, proofOf(found));
    mark.show(found.checks);
    done = found.rounds;
    fill(clockNote, words.clockNote(found));
    rounds.show(found);
    return words.summary(found);
  }

  function drawClock() {
    /** @param {(round: Payload.RoundAnswer) => Page.LanePart[]} parts */
    const groups = (parts) =>
      done.map((round, place) => ({ label: words.roundLabel(place, round), parts: parts(round) }));
    timed.show({
      format: ms,
      open: rounds.open(),
      lanes: [
        {
          name: words.lanes[0],
          groups: groups((round) => [
            { kind: 'spec-draft-time', value: round.draft_ms },
            { kind: 'spec-verify-time', value: round.verify_ms },
          ]),
        },
        { name: words.lanes[1], groups: groups((round) => [{ kind: 'spec-plain-time', value: round.plain_ms }]) },
      ],
    });
  }

  /** @param {Payload.SpeculateAnswer} found */
  function proofOf(found) {
    if (found.equal === null) return words.drawn;
    if (found.equal) return `✓ ${words.equal}`;
    const sentence = Math.abs(found.logit_gap) < NEAR_TIE ? words.differs : words.differsMuch;
    return `✗ ${sentence(found.first_different, Math.abs(found.logit_gap))}`;
  }

  return {
    update(state) {
      offer(state);
      work.update(state);
    },
  };
}
