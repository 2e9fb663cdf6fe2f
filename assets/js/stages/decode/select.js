// How one token was selected from the distribution, and how it goes back to the input.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { createLogits } from '../../core/server/logits.js';
import { beginning, likeliest, tokenAtDraw } from '../../maths/draw.js';
import { contextOf, sameSettings, stages } from '../../maths/sampling.js';
import { candidate, label, sequence } from '../../maths/tokens.js';
import { cumulative } from './charts/cumulative.js';
import { waterfall } from './charts/waterfall.js';
import { decode as decodeWords, select as words } from './words/decode.js';

export { select as formulas } from './words/formulas.js';

const ROWS = 8;
const SEGMENTS = 50;
const TRIED = { do_sample: true, temperature: 1.3, top_k: 20, top_p: 0.9 };

/**
 * Tokens by id: the candidates of this step, and all tokens of the run.
 * @param {Page.Run} run
 * @param {Page.Step} now
 * @returns {Map<number, Page.Token>}
 */
const tokensById = (run, now) => {
  const places = now.candidates.token_ids.map((_, place) => candidate(now.candidates, place));
  return new Map([...places, ...sequence(run)].map((token) => /** @type {const} */ ([token.id, token])));
};

/**
 * The parts of the bar: the likeliest tokens, and the selected token in any case.
 * @param {Map<number, Page.Token>} tokens
 * @param {Float64Array} shares
 * @param {number | null} selectedId
 * @returns {Page.Part[]}
 */
function partsOf(tokens, shares, selectedId) {
  const ids = likeliest(shares, SEGMENTS);
  if (selectedId !== null && !ids.includes(selectedId)) ids.push(selectedId);
  let upto = 0;
  return ids.map((id, place) => {
    const from = place < SEGMENTS ? upto : beginning(shares, id);
    upto = from + shares[id];
    return { label: nameOf(tokens, id), from, share: shares[id], selected: id === selectedId };
  });
}

/** @param {Map<number, Page.Token>} tokens @param {number} id @param {number} [limit] */
const nameOf = (tokens, id, limit = 10) => (tokens.has(id) ? label(tokens.get(id), limit) : words.id(id));

/**
 * What a run says of tokens with equal scores, where that decides: in greedy decoding, and at the last place of top-k.
 * @param {Page.Step} now
 * @param {Payload.SamplingSettings} settings
 */
function tiesIn(now, settings) {
  if (!settings.do_sample) return now.tied && words.tied(now.tied);
  const topK = now.stages.find(({ name }) => name === 'top_k');
  return topK && topK.kept > topK.setting && words.tiedTopK(topK.kept, topK.setting);
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, { store, view }) {
  const title = h('h2');
  const table = h('table', { class: 'waterfall' });
  const tableNote = h('p', { class: 'dim' });
  const tiesNote = h('p', { class: 'dim' });
  const draw = h('div', { class: 'card' });
  const back = h('div', { class: 'card' });
  const tryOut = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: trySampling }, words.tryOut);
  const steps = h(
    'div',
    { class: 'card' },
    h('h3', {}, words.stages),
    tableNote,
    tiesNote,
    h('div', {}, tryOut),
    h('div', { class: 'scroll' }, table),
  );
  const body = h('div', { class: 'select-body' }, h('div', { class: 'card selected-card' }, title), steps, draw, back);
  const empty = h('p', { class: 'notice', hidden: true }, decodeWords.none);
  root.append(empty, body);
  const logitsOf = createLogits(
    view,
    () => update(store.state),
    (error) => {
      steps.classList.remove('waiting');
      fill(tableNote, explain(error));
    },
  );

  /** Puts settings that show most stages into the draft: a preview, until Run is pressed. */
  function trySampling() {
    const { draft } = store.state;
    store.set({ draft: { ...draft, sampling: { ...draft.sampling, ...TRIED } } });
  }

  /**
   * @param {Page.Step} now
   * @param {Map<number, Page.Token>} tokens
   * @param {Payload.SamplingSettings} settings
   * @param {Float64Array} shares
   * @param {boolean} preview
   */
  function drawCard(now, tokens, settings, shares, preview) {
    const { recipe } = store.state.run;
    if (now.forced && !preview) return [h('p', {}, words.forcedNote)];
    if (!settings.do_sample) return [h('p', {}, words.greedyNote)];
    const number = settings.seed === recipe.sampling.seed && now.draw !== null ? now.draw : null;
    const selected = preview ? (number === null ? null : tokenAtDraw(shares, number)) : now.token.id;
    const name = nameOf(tokens, selected, 18);
    const note =
      number === null
        ? words.noDraw
        : preview
          ? words.previewDraw(number, name)
          : words.drawNote(number, recipe.sampling.seed, now.token.position);
    const spokenDraw = number === null ? words.noDraw : words.spokenDraw(number, name);
    return [
      h('p', {}, note),
      cumulative(partsOf(tokens, shares, selected), number, {
        others: words.others,
        spokenDraw,
        width: draw.clientWidth,
      }),
    ];
  }

  /** @param {Page.State} state */
  function update({ run, step, draft }) {
    const now = run.steps[step];
    empty.hidden = Boolean(now);
    body.hidden = !now;
    if (!now) return;
    const { sampling } = run.recipe;
    const preview = !sameSettings(sampling, draft.sampling);
    const settings = preview ? draft.sampling : sampling;
    const how = now.forced ? 'forced' : sampling.do_sample ? 'draw' : now.stages.length ? 'penalised' : 'greedy';
    fill(
      title,
      chip(now.token, { limit: 30, class: 'big' }),
      h('span', { class: 'dim' }, words.chosen(now.token.id, how, now.probability)),
    );
    const ended = now.index === run.steps.length - 1 && run.stop.kind;
    fill(
      back,
      h('h3', {}, words.back),
      h('p', {}, ended ? words.ended(run.stop.detail) : words.backNote(now.token.position, store.state.card)),
    );

    const logits = logitsOf(run, step);
    steps.classList.toggle('waiting', !logits);
    if (!logits) return;
    const all = stages(logits, settings, contextOf(run, step));
    tryOut.hidden = all.length > 1;
    fill(tableNote, preview ? words.previewing : all.length > 1 ? words.stagesNote : words.noStages);
    fill(tiesNote, preview ? '' : tiesIn(now, sampling));
    const tokens = tokensById(run, now);
    waterfall(table, all, now, tokens, ROWS);
    fill(draw, h('h3', {}, words.draw), drawCard(now, tokens, settings, all.at(-1).shares, preview));
  }

  return { update };
}
