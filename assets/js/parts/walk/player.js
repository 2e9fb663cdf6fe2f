// Back, Play and Next: through the stages, then token by token; and the sentence on what happens at each stop.

import { hasAny } from '../../core/state/store.js';
import { fill, h } from '../../core/elements/dom.js';
import { at, index, isWalkStage, length, room } from '../../maths/stops.js';
import { around } from '../words/around.js';
import { page, sentences } from '../words/page.js';

/** @type {Record<Page.WalkStage, number>} */
const PACE_MS = {
  text: 2500,
  tokenize: 3000,
  embed: 3000,
  prefill: 3500,
  layers: 3500,
  decode: 900,
  select: 700,
  detokenize: 3000,
};
const paceOf = (/** @type {Page.StageName} */ stage) => (isWalkStage(stage) ? PACE_MS[stage] : 3000);
const MORE = 20;
const SPEEDS = [0.5, 1, 2, 4];

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountPlayer(parts, { store, runner, select }) {
  const sentence = h('p', { class: 'sentence', 'aria-live': 'polite' });
  const back = button(page.back, '←', () => move(-1));
  const next = button(page.next, '→', () => move(1), 'primary');
  const play = button(page.play, '▶', () => (timer ? halt() : begin()));
  const more = h('button', {
    type: 'button',
    class: 'quiet',
    hidden: true,
    onclick: () =>
      runner.more(store.state.run.steps.length + room(store.state.run, store.state.card, MORE), { following: true }),
  });
  const place = h('span', { class: 'place dim' });
  const speed = h(
    'select',
    { class: 'speed', 'aria-label': page.speed, title: page.speed },
    SPEEDS.map((value) => h('option', { value, selected: value === 1 }, `${value}×`)),
  );
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;
  parts.append(
    h(
      'section',
      { class: 'player', 'aria-label': page.play },
      h('div', { class: 'buttons' }, back, play, speed, next, more, place),
      sentence,
    ),
  );

  /**
   * @param {string} name
   * @param {string} sign
   * @param {() => void} onclick
   */
  function button(name, sign, onclick, kind = '') {
    const inside = [h('span', { 'aria-hidden': 'true' }, sign), ' ', h('span', { class: 'label' }, name)];
    return h(
      'button',
      { type: 'button', class: kind, 'aria-label': name, title: name, onclick },
      kind ? inside.reverse() : inside,
    );
  }

  /** @param {Page.Stop} stop */
  function go(stop) {
    const { position, ...rest } = stop;
    store.set({ ...rest, following: false });
    if (position !== undefined) select({ position });
  }

  /** @param {number} by */
  function move(by) {
    const { run, status } = store.state;
    if (!run) return;
    const here = index(store.state, run);
    const lastToken = length(run) - 2;
    const canGrow = !run.stop.kind && status.phase !== 'running';
    // At the last token of an answer that is not finished, Next is the model's next token.
    if (by > 0 && canGrow && here >= lastToken) {
      runner.more(run.steps.length + 1, { following: true });
      return;
    }
    go(at(Math.max(0, Math.min(here + by, length(run) - 1)), run));
  }

  function begin() {
    const { run } = store.state;
    if (!run) return;
    if (index(store.state, run) === length(run) - 1) go(at(0, run));
    tick();
  }

  /**
   * True while Play must wait: a run that generates tokens moves the page itself, or its newest token is reached.
   * @param {Page.State} state
   */
  function waits(state) {
    const { run, status, following } = state;
    return status.phase === 'running' && !run.stop.kind && (following || index(state, run) >= length(run) - 2);
  }

  function tick() {
    timer = setTimeout(
      () => {
        const { run } = store.state;
        if (run.stop.kind && index(store.state, run) >= length(run) - 1) return halt();
        if (!waits(store.state)) move(1);
        return tick();
      },
      paceOf(store.state.stage) / Number(speed.value),
    );
    label();
  }

  function halt() {
    clearTimeout(timer);
    timer = null;
    label();
  }

  function label() {
    const name = timer ? page.pause : page.play;
    fill(play, h('span', { 'aria-hidden': 'true' }, timer ? '❚❚' : '▶'), ' ', h('span', { class: 'label' }, name));
    play.setAttribute('aria-label', name);
    play.title = name;
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const target = /** @type {Element} */ (event.target);
    if (document.querySelector('#tbt dialog[open]')) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (target.closest?.('input, textarea, select, [role=grid], [role=dialog], summary, .js-plotly-plot')) return;
    if (event.key === 'ArrowRight') move(1);
    else if (event.key === 'ArrowLeft') move(-1);
    else if (event.key === ' ' && !target.closest?.('button, a')) play.click();
    else return;
    event.preventDefault();
  }

  document.addEventListener('keydown', onkeydown);
  store.subscribe((state, changed) => {
    if (!state.run) return;
    if (!hasAny(changed, ['run', 'card', 'stage', 'step', 'status', 'branches'])) return;
    const here = index(state, state.run);
    const now = state.run.steps[state.step];
    const { stage } = state;
    fill(sentence, (isWalkStage(stage) ? sentences[stage] : around[stage].sentence)({ ...state, now }));
    fill(place, `${here + 1} / ${length(state.run)}`);
    back.disabled = here === 0;
    next.disabled = here === length(state.run) - 1 && Boolean(state.run.stop.kind);
    const n = state.card ? room(state.run, state.card, MORE) : 0;
    fill(more, page.more(n));
    more.hidden =
      !n || state.run.stop.kind !== 'limit' || state.status.phase === 'running' || here < length(state.run) - 3;
  });
}
