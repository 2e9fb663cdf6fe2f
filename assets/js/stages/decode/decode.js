// The probabilities of the next token over the whole vocabulary, at one step of decoding.

import { bars } from '../../charts/bars.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { explain } from '../../core/errors.js';
import { createLogits } from '../../core/server/logits.js';
import { ms, num } from '../../maths/format.js';
import { contextOf, distribution, sameSettings } from '../../maths/sampling.js';
import { candidate, label, sequence } from '../../maths/tokens.js';
import { mountForce } from './force.js';
import { stepMark } from './step_mark.js';
import { decode as words } from './words/decode.js';

export { decode as formulas } from './words/formulas.js';

const COUNTS = [5, 10, 20, 50];

/** @param {Page.Run} run @param {number} step */
function lastInput(run, step) {
  const input = sequence(run)[run.tokens.length + step - 1];
  return chip(input, { limit: 24 });
}

/**
 * Surprisal and entropy along the answer. Returns a function that redraws them.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {(state: Page.State) => void}
 */
function along(root, { store, select }) {
  const box = h('div', { class: 'along' });
  root.append(h('div', { class: 'card' }, h('h3', {}, words.along), h('p', { class: 'dim' }, words.alongNote), box));
  return ({ run, step }) => {
    const widest = Math.max(...run.steps.flatMap((s) => [s.surprisal ?? 0, s.entropy]), 1);
    /** @param {number | null} bits */
    const tall = (bits) => ({ height: `${Math.max(2, (76 * (bits ?? widest)) / widest)}px` });
    fill(
      box,
      run.steps.map((s) =>
        h(
          'button',
          {
            type: 'button',
            class: s.index === step ? 'column selected' : 'column',
            title: words.alongOne(label(s.token), s.surprisal, s.entropy),
            'aria-label': words.alongLabel(s.index, words.alongOne(label(s.token), s.surprisal, s.entropy)),
            onclick: () => {
              store.set({ step: s.index, following: false });
              select({ position: run.tokens.length + s.index - 1 });
            },
          },
          h(
            'span',
            { class: 'pillars' },
            h('span', { class: 'pillar', style: tall(s.surprisal) }),
            h('span', { class: 'pillar entropy', style: tall(s.entropy) }),
          ),
          h('span', { class: 'foot' }, label(s.token, 6)),
        ),
      ),
    );
  };
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, view } = ctx;
  let k = 10;
  const forceCard = h('div', { class: 'card' });
  const force = mountForce(forceCard, ctx);
  const table = bars(words.columns, { ontake: force.take, takeLabel: force.takeLabel });
  const title = h('h2');
  const list = h('dl', { class: 'facts' });
  const choice = h(
    'select',
    {
      'aria-label': words.top,
      onchange: () => {
        k = Number(choice.value);
        update();
      },
    },
    COUNTS.map((n) => h('option', { value: n, selected: n === k }, n)),
  );
  const hint = h('p', { class: 'dim hint' });
  const empty = h('p', { class: 'notice', hidden: true }, words.none);
  const body = h('div', { class: 'decode-body' });
  body.append(
    h(
      'div',
      { class: 'card' },
      h('div', { class: 'card-head' }, title, h('label', {}, words.top, ' ', choice)),
      table.element,
      hint,
    ),
    h('div', { class: 'card' }, list),
    forceCard,
  );
  const mark = stepMark(ctx, () => update());
  body.firstElementChild.append(mark.element);
  root.append(empty, body);
  const drawAlong = along(body, ctx);
  const logitsOf = createLogits(
    view,
    () => update(),
    (error) => fill(hint, explain(error)),
  );

  /** @param {Page.Run} run @param {number} step */
  function previewOf(run, step) {
    const { sampling } = store.state.draft;
    if (!sampling.do_sample) return null;
    const logits = logitsOf(run, step);
    return logits && distribution(logits, sampling, contextOf(run, step));
  }

  function update() {
    const { run, step, draft } = store.state;
    const now = run.steps[step];
    empty.hidden = Boolean(now);
    body.hidden = !now;
    if (!now) return;
    const { candidates } = now;
    const preview = previewOf(run, step);
    /** @type {Page.BarRow[]} */
    const rows = [];
    for (let place = 0; place < Math.min(k, candidates.token_ids.length); place += 1) rows.push(entry(place));
    const chosen = candidates.token_ids.indexOf(now.token.id);
    if (chosen === -1)
      rows.push({
        token: now.token,
        id: now.token.id,
        logit: now.logit,
        probability: now.probability,
        preview: preview?.[now.token.id],
        selected: true,
      });
    else if (chosen >= k) rows.push(entry(chosen));
    const rest = Math.max(0, 1 - rows.reduce((sum, row) => sum + row.probability, 0));
    const restPreview = preview && Math.max(0, 1 - rows.reduce((sum, row) => sum + row.preview, 0));
    rows.push({ name: words.rest(candidates.vocabulary - rows.length), probability: rest, preview: restPreview });

    /** @param {number} i @returns {Page.BarRow} */
    function entry(i) {
      const id = candidates.token_ids[i];
      const selected = id === now.token.id;
      return {
        token: selected ? now.token : candidate(candidates, i),
        id,
        logit: candidates.logits[i],
        probability: candidates.probability[i],
        preview: preview?.[id],
        selected,
      };
    }

    fill(title, words.title(''), lastInput(run, step));
    table.show(rows, words.caption(Math.min(k, candidates.token_ids.length), candidates.vocabulary));
    const source = sameSettings(run.recipe.sampling, draft.sampling) ? words.drawnFrom : words.preview;
    fill(hint, draft.sampling.do_sample ? `${source} (${words.exact})` : '');
    fill(list, facts(run, now));
    mark.show(run, now, mark.element.open ? logitsOf(run, now.index) : null);
    force.update(run);
    drawAlong(store.state);
  }

  return { update };
}

/** @param {Page.Run} run @param {Page.Step} now */
function facts(run, now) {
  /** @type {Page.Fact[]} */
  const rows = [
    [words.selected, chip(now.token), ''],
    [words.entropy, num(now.entropy), words.entropyNote],
    [words.surprisal, num(now.surprisal), words.surprisalNote],
    [words.rank, num(now.rank), words.rankNote(now.candidates.vocabulary)],
    [words.forward, ms(now.forward_ms), words.forwardNote(now.index, run.tokens.length)],
  ];
  return figures(rows);
}
