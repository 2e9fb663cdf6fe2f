// Colours the token strip by surprisal, and shows the perplexity of prompt and answer.

import { checkMark } from '../../charts/check.js';
import { hasAny } from '../../core/state/store.js';
import { fill, h, toggle } from '../../core/elements/dom.js';
import { perplexity, rootOf } from '../../maths/branches.js';
import { num } from '../../maths/format.js';
import { page } from '../words/page.js';

const MOST_BITS = 12;

/**
 * Adds the switch to the strip, `root`, whose chips are found by their position.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountSurprise(root, { store, runner }) {
  let on = false;
  /** @type {Pick<Payload.SurprisalAnswer, 'bits' | 'perplexity' | 'check'> & { root: string }} */
  let prompt = { root: '', bits: [], perplexity: null, check: null };
  let lastRoot = '';
  const figures = h('span', { class: 'dim', role: 'status' });
  const control = toggle(page.surprise, false, (checked) => {
    on = checked;
    lastRoot = '';
    score();
    draw();
  });
  control.title = page.surpriseTitle;
  const mark = checkMark();
  root.append(h('div', { class: 'surprise' }, control, figures, mark.element));

  const hasScore = (/** @type {Page.Run} */ run) => prompt.root === rootOf(run.recipe);

  /** The surprisal of the prompt takes one more forward pass: only on demand, once, and after the run. */
  function score() {
    const { run, status } = store.state;
    if (!on || !run || hasScore(run) || status.phase === 'running' || lastRoot === rootOf(run.recipe)) return;
    lastRoot = rootOf(run.recipe);
    const mine = lastRoot;
    runner.job('surprisal', {}, (found) => {
      prompt = { root: mine, ...found };
      draw();
    });
  }

  /**
   * @param {number} position
   * @param {Page.Run} run
   */
  function bitsAt(position, run) {
    const step = run.steps[position - run.tokens.length];
    if (step) return step.surprisal;
    return hasScore(run) ? prompt.bits[position] : null;
  }

  function draw() {
    const { run } = store.state;
    root.classList.toggle('by-surprisal', on);
    if (!run) return;
    for (const chip of root.querySelectorAll('.chip[data-position]')) {
      const bits = on ? bitsAt(Number(chip.dataset.position), run) : null;
      const counts = bits !== null && bits !== undefined;
      chip.style.setProperty('--shade', counts ? `${Math.round(75 * Math.min(1, bits / MOST_BITS))}%` : '0%');
      chip.dataset.bits = counts ? num(bits, 3) : '';
    }
    mark.show(on && hasScore(run) ? [prompt.check] : []);
    const known = hasScore(run) && prompt.perplexity !== null;
    const answer = run.steps.length ? perplexity({ tokens: run.steps }) : null;
    fill(
      figures,
      on ? page.perplexity(known ? num(prompt.perplexity) : null, answer === null ? null : num(answer)) : '',
    );
  }

  store.subscribe(({ run, status }, changed) => {
    if (changed.has('status') && status.phase === 'idle') queueMicrotask(score);
    if (run && on && hasAny(changed, ['run', 'selection', 'stage', 'step'])) draw();
  });
}
