// The token strip coloured by surprisal, and the perplexity of prompt and answer.

import { perplexity } from '../core/branches.js';
import { fill, h, toggle } from '../core/dom.js';
import { num } from '../core/format.js';
import { page } from '../words/page.js';

const MOST_BITS = 12;

/** Adds the switch to the strip, `root`; the strip's chips are found by their position. */
export function mountSurprise(root, { store, runner }) {
  let on = false;
  let prompt = { key: '', bits: [], perplexity: null };
  const figures = h('span', { class: 'dim', role: 'status' });
  const control = toggle(page.surprise, false, (checked) => {
    on = checked;
    const { run, status } = store.state;
    // The prompt's own surprisal is one more forward pass: only when somebody asks.
    if (on && prompt.key !== run.key && status.phase !== 'running') score(run);
    draw();
  });
  control.title = page.surpriseTitle;
  root.append(h('div', { class: 'surprise' }, control, figures));

  function score({ key }) {
    runner.job('surprisal', {}, (found) => {
      prompt = { key, ...found };
      draw();
    });
  }

  function bitsAt(position, run) {
    const step = run.steps[position - run.tokens.length];
    if (step) return step.surprisal;
    return prompt.key === run.key ? prompt.bits[position] : null;
  }

  function draw() {
    const { run } = store.state;
    root.classList.toggle('by-surprisal', on);
    for (const chip of root.querySelectorAll('.chip[data-position]')) {
      const bits = on ? bitsAt(Number(chip.dataset.position), run) : null;
      const known = bits !== null && bits !== undefined;
      chip.style.setProperty('--shade', known ? `${Math.round(75 * Math.min(1, bits / MOST_BITS))}%` : '0%');
      chip.dataset.bits = known ? num(bits, 3) : '';
    }
    const known = prompt.key === run.key && prompt.perplexity !== null;
    const answer = run.steps.length ? perplexity({ tokens: run.steps }) : null;
    fill(figures, on ? page.perplexity(known ? num(prompt.perplexity) : null, answer === null ? null : num(answer)) : '');
  }

  store.subscribe(({ run }, changed) => {
    if (run && on && ['run', 'selection', 'stage', 'step'].some((key) => changed.has(key))) draw();
  });
}
