// All tokens of the run, prompt and answer apart. The strip is always visible, and positions are selected in it.

import { hasAny } from '../../core/state/store.js';
import { chip, spokenName } from '../../core/elements/chip.js';
import { append, fill, h } from '../../core/elements/dom.js';
import { page } from '../words/page.js';
import { shared } from '../words/shared.js';
import { mountSurprise } from './surprise.js';

const SHOWN_AROUND = 150;

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountStrip(parts, ctx) {
  const { store, select } = ctx;
  const prompt = h('div', { class: 'tokens', role: 'listbox', 'aria-label': page.promptTokens });
  const answer = h('div', { class: 'tokens', role: 'listbox', 'aria-label': page.answerTokens });
  const root = h('section', { class: 'strip' }, group(page.promptTokens, prompt), group(page.answerTokens, answer));
  parts.append(root);
  /** @type {Map<number, HTMLElement>} */
  const chips = new Map();
  const drawn = { prompt: '', answer: '', steps: 0 };

  /**
   * @param {string} name
   * @param {HTMLElement} tokens
   */
  function group(name, tokens) {
    return h('div', { class: `group group-${name}` }, h('span', { class: 'name' }, name), tokens);
  }

  /** @param {number} position */
  function pick(position) {
    const { run } = store.state;
    select({ position });
    // A generated token is a step of decoding, which is selected with it.
    if (position >= run.tokens.length) store.set({ step: position - run.tokens.length, following: false });
  }

  /** @param {Page.RunToken} token */
  function make(token, forced = false) {
    const name = spokenName(token);
    const element = chip(token, {
      tag: 'button',
      type: 'button',
      role: 'option',
      class: forced ? 'forced' : '',
      title: forced ? shared.forcedTitle(name) : name,
      'aria-label': forced ? shared.forced(name) : name,
      dataset: { position: token.position },
      onclick: () => pick(token.position),
    });
    chips.set(token.position, element);
    return element;
  }

  /**
   * Of a long prompt, only the tokens around the selection; the gaps tell how many are left out.
   * @param {Page.RunToken[]} tokens
   * @param {number} position
   */
  function windowAround(tokens, position) {
    if (tokens.length <= 2 * SHOWN_AROUND) return tokens.map((token) => make(token));
    const start = Math.max(0, Math.min(position, tokens.length) - SHOWN_AROUND);
    const stop = Math.min(tokens.length, start + 2 * SHOWN_AROUND);
    return [
      start > 0 && h('span', { class: 'gap' }, shared.before(start)),
      tokens.slice(start, stop).map((token) => make(token)),
      stop < tokens.length && h('span', { class: 'gap' }, shared.after(tokens.length - stop)),
    ];
  }

  /**
   * @param {number} from
   * @param {number} upto
   */
  const forget = (from, upto) =>
    [...chips.keys()]
      .filter((position) => position >= from && position < upto)
      .forEach((position) => chips.delete(position));

  /** @param {Page.State} state */
  function drawPrompt({ run, selection }) {
    const n = run.tokens.length;
    const key = `${run.key}:${n > 2 * SHOWN_AROUND ? Math.floor(selection.position / SHOWN_AROUND) : 0}`;
    if (key === drawn.prompt) return;
    drawn.prompt = key;
    forget(0, n);
    fill(prompt, windowAround(run.tokens, selection.position));
  }

  /**
   * While a run grows, only its new tokens are added.
   * @param {Page.State} state
   */
  function drawAnswer({ run }) {
    const { steps } = run;
    const grows = drawn.answer === `${run.key}:` && drawn.steps > 0 && steps.length >= drawn.steps;
    const key = `${run.key}:${run.stop.kind}`;
    if (key === drawn.answer && steps.length === drawn.steps) return;
    if (!grows) {
      forget(run.tokens.length, Infinity);
      fill(answer);
    }
    append(
      answer,
      steps.slice(grows ? drawn.steps : 0).map((step) => make(step.token, step.forced)),
    );
    if (run.stop.kind) append(answer, h('span', { class: 'end' }, page.ended[run.stop.kind]));
    if (!steps.length) fill(answer, h('span', { class: 'gap' }, page.noAnswer));
    Object.assign(drawn, { answer: key, steps: steps.length });
  }

  /** @param {Page.State} state */
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
    if (hasAny(changed, ['run', 'selection', 'stage', 'step'])) {
      drawPrompt(state);
      drawAnswer(state);
      mark(state);
    }
  });
  mountSurprise(root, ctx);
  return root;
}
