// All tokens of the run, prompt and generated apart; always in sight, and the place to select a position.

import { fill, h } from '../core/dom.js';
import { chip, spoken } from '../core/tokens.js';
import { page } from '../words/page.js';
import { mountSurprise } from './surprise.js';

const SHOWN_AROUND = 150;

export function mountStrip(parts, ctx) {
  const { store, select } = ctx;
  const prompt = h('div', { class: 'tokens', role: 'listbox', 'aria-label': page.promptTokens });
  const answer = h('div', { class: 'tokens', role: 'listbox', 'aria-label': page.answerTokens });
  const root = h('section', { class: 'strip' }, group(page.promptTokens, prompt), group(page.answerTokens, answer));
  parts.append(root);
  let chips = new Map();
  let drawn = '';

  function group(name, tokens) {
    return h('div', { class: `group group-${name}` }, h('span', { class: 'name' }, name), tokens);
  }

  function pick(position) {
    const { run } = store.state;
    select({ position });
    // A generated token is a step of decoding: its record comes with it.
    if (position >= run.tokens.length) store.set({ step: position - run.tokens.length, following: false });
  }

  function make(token) {
    const element = chip(token, {
      tag: 'button',
      type: 'button',
      role: 'option',
      title: spoken(token),
      'aria-label': spoken(token),
      dataset: { position: token.position },
      onclick: () => pick(token.position),
    });
    chips.set(token.position, element);
    return element;
  }

  /** A long prompt is shown around the selection; the gap says how much is left out. */
  function windowed(tokens, position) {
    if (tokens.length <= 2 * SHOWN_AROUND) return tokens.map(make);
    const start = Math.max(0, Math.min(position, tokens.length) - SHOWN_AROUND);
    const stop = Math.min(tokens.length, start + 2 * SHOWN_AROUND);
    return [
      start > 0 && h('span', { class: 'gap' }, `… ${start} before`),
      tokens.slice(start, stop).map(make),
      stop < tokens.length && h('span', { class: 'gap' }, `${tokens.length - stop} more …`),
    ];
  }

  function draw({ run, selection }) {
    const long = run.tokens.length > 2 * SHOWN_AROUND ? Math.floor(selection.position / SHOWN_AROUND) : 0;
    const wanted = `${run.key}:${run.steps.length}:${run.stop.kind}:${long}`;
    if (wanted === drawn) return;
    drawn = wanted;
    chips = new Map();
    fill(prompt, windowed(run.tokens, selection.position));
    const steps = run.steps.map((step) => make(step.token));
    const end = run.stop.kind && h('span', { class: 'end' }, page.ended[run.stop.kind]);
    fill(answer, steps.length ? [steps, end] : h('span', { class: 'gap' }, page.noAnswer));
  }

  function mark({ run, selection, stage, step }) {
    const current = ['decode', 'select'].includes(stage) ? run.tokens.length + step : -1;
    for (const [position, element] of chips) {
      const selected = position === selection.position;
      element.setAttribute('aria-selected', String(selected));
      element.classList.toggle('selected', selected);
      element.classList.toggle('current', position === current);
      element.classList.toggle('later', current >= 0 && position > current);
    }
  }

  store.subscribe((state, changed) => {
    if (!state.run) return;
    if (['run', 'selection', 'stage', 'step'].some((key) => changed.has(key))) {
      draw(state);
      mark(state);
    }
  });
  mountSurprise(root, ctx);
  return root;
}
