// Tokens back to text: the answer grows token by token, and bytes of an unfinished character wait.

import { hasAny } from '../../core/state/store.js';
import { fill, h } from '../../core/elements/dom.js';
import { reveal } from '../../core/elements/scroll.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { blocks, hexes } from './charts/byte_blocks.js';
import { detokenize as words } from './words/detokenize.js';

export { detokenize as formulas } from './words/formulas.js';

const AROUND = 80;
const SCOPES = /** @type {const} */ (['answer', 'prompt']);

/** @typedef {typeof SCOPES[number]} Scope */
/** @typedef {{ run: string, scope: Scope }} Request */

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store } = ctx;
  /** @type {Scope} */
  let scope = 'answer';
  /** @type {Payload.Detokenization & Request} */
  let answer = null;
  /** @type {Request} */
  let request = null;
  let drawnKey = '';

  const buttons = SCOPES.map((name) =>
    h('button', { type: 'button', class: 'quiet', onclick: () => choose(name) }, words[name]),
  );
  const text = h('div', { class: 'quote joined', dir: 'auto', 'aria-live': 'polite' });
  const range = h('input', {
    type: 'range',
    min: 0,
    step: 1,
    'aria-label': words.placeName,
    oninput: () => go(Number(range.value)),
  });
  const place = h('output', { class: 'dim' });
  const state = h('p', { class: 'dim' });
  const left = card(words.joined, '', h('div', { class: 'join-row' }, range, place), text, state);
  left.note.hidden = true;
  left.head.append(h('div', { class: 'switch' }, buttons));
  const full = h('div', { class: 'quote', dir: 'auto' });
  const mark = h('p', { class: 'check' });
  const rest = h('p', { class: 'dim' });
  const right = card('', '', full, rest, mark);
  right.note.hidden = true;
  const grid = h('div', { class: 'byte-blocks' });
  const under = card(words.blocks, words.blocksNote, grid);
  root.append(h('div', { class: 'columns' }, left.element, right.element), under.element);

  const ask = createRequest(ctx, 'detokenize', right, (newest) => {
    answer = { ...newest, ...request };
    update(store.state);
  });

  /** @param {Scope} name */
  function choose(name) {
    scope = name;
    update(store.state);
  }

  /**
   * The tokens of the scope, each with the text it added. `start` tokens before them are left out.
   * @param {Page.Run} run
   * @returns {{ start: number, n: number, list: Payload.TextPart[] }}
   */
  function partsOf(run) {
    if (scope === 'answer') return { start: 0, n: run.steps.length, list: run.steps };
    const known = answer?.run === run.key && answer.scope === 'prompt';
    return { start: known ? answer.start : 0, n: run.tokens.length, list: known ? answer.joined : [] };
  }

  /** @param {Page.State} state */
  const current = ({ run, step, selection }) =>
    scope === 'answer' ? Math.min(step, run.steps.length - 1) : Math.min(selection.position, run.tokens.length - 1);

  /** @param {number} at */
  function go(at) {
    const { run } = store.state;
    if (scope === 'answer') store.set({ step: at, following: false });
    ctx.select({ position: scope === 'answer' ? run.tokens.length + at : at });
  }

  /** @param {ReturnType<typeof partsOf>} all @param {number} at */
  function showText(all, at) {
    const joined = all.list.slice(0, at - all.start + 1);
    const last = joined.at(-1);
    const before = joined
      .slice(0, -1)
      .map((part) => part.text)
      .join('');
    const skipped = all.start > 0 && h('span', { class: 'dim' }, '… ');
    fill(text, skipped, before, last.text && h('mark', {}, last.text), hexes(last.waiting));
    if (!before && !last.text && !last.waiting.length) fill(text, h('span', { class: 'dim' }, words.emptyText));
    const completed = last.text && joined.at(-2)?.waiting.length ? `${words.completes} ` : '';
    fill(state, completed || words.state(last), completed && last.waiting.length ? words.state(last) : '');
  }

  /** @param {ReturnType<typeof partsOf>} all @param {number} at */
  function showBlocks(all, at) {
    const from = Math.max(0, Math.min(at - all.start - AROUND, all.list.length - 2 * AROUND));
    const list = all.list.slice(from, from + 2 * AROUND);
    const start = all.start + from;
    fill(under.note, words.blocksNote, ' ', list.length < all.n && words.windowed(start, start + list.length, all.n));
    blocks(grid, list, at - start, { ...words, onSelect: (i) => go(start + i) });
    reveal(grid, grid.querySelector('.selected')?.closest('.block'));
  }

  /** @param {ReturnType<typeof partsOf>} all @param {boolean} growing */
  function showFull(all, growing) {
    fill(right.heading, words.full(all.n));
    const isCurrent =
      answer && answer.run === store.state.run.key && answer.scope === scope && answer.n_tokens === all.n;
    fill(full, isCurrent ? answer.decoded : h('span', { class: 'dim' }, growing ? words.running : '…'));
    mark.hidden = rest.hidden = !isCurrent;
    if (!isCurrent) return;
    const equal = answer.n_equal === answer.n_checked;
    mark.classList.toggle('failed', !equal);
    fill(mark, equal ? words.equal(answer) : words.unequal(answer));
    fill(rest, answer.waiting.length > 0 && words.unfinished(answer.waiting.length));
  }

  /** @param {Page.State} now */
  function update(now) {
    const { run, status } = now;
    const growing = scope === 'answer' && status.phase === 'running';
    const n = scope === 'answer' ? run.steps.length : run.tokens.length;
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String((i === 0) === (scope === 'answer'))));
    const at = current(now);
    range.max = String(Math.max(0, n - 1));
    range.disabled = n < 2;
    for (const part of [right.element, under.element, range.parentElement]) part.hidden = n === 0;
    if (n === 0) {
      fill(text, h('span', { class: 'dim' }, words.nothing));
      fill(state);
      return;
    }
    if (!growing) {
      const around = scope === 'prompt' ? Math.floor(at / AROUND) * AROUND : 0;
      request = { run: run.key, scope };
      ask({ prompt: scope === 'prompt', n, around }, `${run.key}:${scope}:${n}:${around}`);
    }
    range.value = String(at);
    fill(place, words.place(at, n));
    const all = partsOf(run);
    showFull(all, growing);
    const key = `${run.key}:${scope}:${n}:${at}:${all.start}:${all.list.length}`;
    // The window of a long prompt follows the selection: until its answer arrives, the previous picture stays.
    if (key === drawnKey || at < all.start || at >= all.start + all.list.length) return;
    drawnKey = key;
    showText(all, at);
    showBlocks(all, at);
  }

  return {
    update(now, changed) {
      if (hasAny(changed, ['run', 'step', 'selection', 'status'])) update(now);
    },
  };
}
