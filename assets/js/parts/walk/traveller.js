// A real token that travels along the ribbon: from text to probabilities, to the selected token, and back along the loop.

import { h } from '../../core/elements/dom.js';
import { pct } from '../../maths/format.js';
import { index, isWalkStage, STAGES } from '../../maths/stops.js';
import { candidate, label, sequence } from '../../maths/tokens.js';

const FIRST_MS = 520;
const STEP_MS = 170;
const MOVING = 0.55;
const LIMIT = 12;

/** @typedef {{ stage: Page.WalkStage, text: string, vector?: boolean, loop?: boolean }} Stop a stop of the traveller */

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
/**
 * The end of a text, from the start of a word where there is one.
 * @param {string} text
 */
const tail = (text) => (text.length > LIMIT ? `…${text.slice(-LIMIT).replace(/^\S*\s+(?=\S)/, '')}` : text);

/**
 * All stops of the first token, from the text to the token that is fed back.
 * @param {Page.State} state
 * @returns {Stop[]}
 */
function wholeWay({ run }) {
  const [last, first] = [label(run.tokens.at(-1), LIMIT), run.steps[0]];
  const next = label(first.token, LIMIT);
  const vector = (/** @type {Page.WalkStage} */ stage) => ({ stage, text: last, vector: true });
  return [
    { stage: 'text', text: tail(run.text_in) },
    { stage: 'tokenize', text: last },
    vector('embed'),
    vector('prefill'),
    vector('layers'),
    {
      stage: 'decode',
      text: `${label(candidate(first.candidates, 0), LIMIT)} ${pct(first.candidates.probability[0])}`,
    },
    { stage: 'select', text: next },
    ...(run.steps.length > 1 ? fedBack(next) : [/** @type {Stop} */ ({ stage: 'detokenize', text: next })]),
  ];
}

/**
 * @param {string} text
 * @returns {Stop[]}
 */
const fedBack = (text) => [
  { stage: 'select', text, loop: true },
  { stage: 'prefill', text, loop: true },
  { stage: 'prefill', text, vector: true },
];

/**
 * The stops between the previous stop of the walk and this one.
 * @param {Page.Run} run
 * @param {Page.WalkStage} stage
 * @param {number} step
 * @returns {Stop[]}
 */
function oneStop(run, stage, step) {
  /**
   * @param {Page.WalkStage} name
   * @param {string} text
   */
  const at = (name, text, vector = false) => ({ stage: name, text, vector });
  const input = label(sequence(run)[run.tokens.length + step - 1], LIMIT);
  const now = run.steps[step];
  if (stage === 'decode' && step > 0)
    return [at('select', input), ...fedBack(input), at('layers', input, true), at('decode', input, true)];
  if (stage === 'select') return [at('decode', label(now.token, LIMIT)), at('select', label(now.token, LIMIT))];
  const before = STAGES[STAGES.indexOf(stage) - 1];
  if (stage === 'detokenize') return [at(before, input), at(stage, tail(run.text))];
  return before
    ? [
        at(before, label(run.tokens.at(-1), LIMIT)),
        at(stage, label(run.tokens.at(-1), LIMIT), !['text', 'tokenize'].includes(stage)),
      ]
    : [];
}

/**
 * The traveller in `box`, over the `list` of stages. It takes no space and no clicks.
 * @param {HTMLElement} box
 * @param {HTMLElement} list
 * @param {Map<Page.StageName, HTMLElement>} tabs
 * @param {Page.Store} store
 */
export function mountTraveller(box, list, tabs, store) {
  const chip = h('span', { class: 'traveller', dir: 'auto' });
  box.append(h('span', { class: 'way', 'aria-hidden': 'true' }, chip));
  let trip = 0;
  /** @type {Animation} */
  let moving = null;
  let hasStarted = false;
  /** @type {Pick<Page.Place, 'stage' | 'step'> & { key: string }} */
  let before = null;

  /**
   * Where a stop is when the list is scrolled to `left`.
   * @param {Stop} stop
   * @param {number} left
   */
  const place = ({ stage, loop }, left) => {
    const tab = tabs.get(stage);
    const x = list.offsetLeft + tab.offsetLeft - left + tab.offsetWidth / 2;
    const y = list.offsetTop + (loop ? tab.offsetHeight + 16 : 0);
    return `translate(${x}px, ${y}px) translate(-50%, -50%)`;
  };

  /**
   * On a narrow screen the ribbon scrolls along; returns where it will be.
   * @param {Page.StageName} stage
   */
  function pan(stage) {
    const tab = tabs.get(stage);
    const left = Math.max(
      0,
      Math.min(tab.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2, list.scrollWidth - list.clientWidth),
    );
    list.scrollTo({ left, behavior: 'smooth' });
    return left;
  }

  /** @param {Stop} stop */
  function arrive({ stage, text, vector = false }) {
    chip.textContent = text;
    chip.classList.toggle('vector', vector);
    for (const [name, tab] of tabs) tab.classList.toggle('passing', name === stage);
  }

  /**
   * @param {{ transform: string }[]} frames
   * @param {number} duration
   */
  function along(frames, duration) {
    moving = chip.animate(frames, { duration, easing: 'ease-in-out', fill: 'forwards' });
    return moving.finished;
  }

  /**
   * @param {Stop[]} stops
   * @param {number} ms
   */
  async function travel(stops, ms, panned = false) {
    trip += 1;
    const mine = trip;
    moving?.cancel();
    chip.classList.add('going');
    /** @type {string} */
    let from = null;
    try {
      for (const stop of stops) {
        const to = place(stop, panned ? pan(stop.stage) : list.scrollLeft);
        // It moves there, and then stands for a moment, so that its new text can be read.
        if (from) await along([{ transform: from }, { transform: to }], ms * MOVING);
        if (mine !== trip) return;
        arrive(stop);
        await along([{ transform: to }, { transform: to }], ms * (1 - MOVING));
        if (mine !== trip) return;
        from = to;
      }
    } catch {
      return; // another trip has begun
    }
    if (panned && tabs.has(store.state.stage)) pan(store.state.stage);
    rest();
  }

  function rest() {
    moving = null;
    chip.classList.remove('going');
    for (const tab of tabs.values()) tab.classList.remove('passing');
  }

  // The traveller pauses while the pointer is on the ribbon.
  box.addEventListener('pointerenter', () => moving?.pause());
  box.addEventListener('pointerleave', () => moving?.play());

  store.subscribe((state, changed) => {
    const { run, stage, step, status, following } = state;
    if (!run || calm()) return;
    const last = before;
    before = { key: run.key, stage, step };
    if (!hasStarted && status.phase === 'idle' && run.steps.length) {
      hasStarted = true;
      travel(wholeWay(state), FIRST_MS, true);
      return;
    }
    if (!last || last.key !== run.key || !(changed.has('stage') || changed.has('step'))) return;
    const forward = index(state, run) - index(last, run);
    // While the answer streams, one trip ends before the next begins.
    if (following && !moving && stage === 'decode') travel(oneStop(run, stage, step), STEP_MS);
    else if (!following && forward === 1 && isWalkStage(stage) && isWalkStage(last.stage))
      travel(oneStop(run, stage, step), STEP_MS);
    else if (!following && moving) {
      moving.cancel();
      rest();
    }
  });
}
