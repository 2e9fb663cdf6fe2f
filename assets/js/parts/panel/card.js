// The cards of panels: which tokens they show, and requests without races.

import { createAsk } from '../../core/ask.js';
import { h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { sequence } from '../../maths/tokens.js';

/**
 * What all cards draw from. While a run grows and a prompt token is selected, it has the prompt only: a new token then
 * does not redraw everything.
 * @param {Page.State} state
 * @returns {Page.Scene}
 */
export function scene({ run, selection, status }) {
  const growing = status.phase === 'running' && selection.position < run.tokens.length;
  const tokens = growing ? run.tokens : sequence(run);
  const position = Math.min(selection.position, tokens.length - 1);
  return { run, tokens, n: tokens.length, position, layer: selection.layer, head: selection.head };
}

/**
 * A card with a heading, a note and a place for errors.
 * @param {Page.Child} title
 * @param {Page.Child} note
 * @param {...Page.Child} children
 */
export function card(title, note, ...children) {
  const heading = h('h2', {}, title);
  const said = h('p', { class: 'dim' }, note);
  const failed = h('p', { class: 'notice', role: 'status', hidden: true });
  const body = h('div', { class: 'embed-body' }, children);
  const head = h('div', { class: 'card-head' }, heading);
  const element = h('div', { class: 'card' }, head, said, failed, body);
  return { element, heading, head, said, failed, body };
}

/**
 * Requests a view and draws its answer. `ask(args, key)` does nothing while `key` is that of its last request. An answer
 * that comes after a newer request is dropped; an error is shown in the card, and `refused` is called.
 * @template {keyof Payload.Views} N
 * @param {Page.Ctx} ctx
 * @param {N} name
 * @param {{ failed: HTMLElement, body: HTMLElement }} part
 * @param {(answer: Payload.Views[N]) => void} draw
 * @param {() => void} [refused]
 */
export function asker({ view }, name, { failed, body }, draw, refused) {
  const asking = createAsk();
  return (/** @type {Page.Args} */ args, /** @type {string} */ key) =>
    asking.ask({
      key,
      question() {
        body.classList.add('waiting');
        return view(name, args);
      },
      answered(answer) {
        failed.hidden = true;
        body.hidden = false;
        draw(answer);
        body.classList.remove('waiting');
      },
      refused(error) {
        asking.forget();
        failed.textContent = explain(error);
        failed.hidden = false;
        body.hidden = true;
        refused?.();
        body.classList.remove('waiting');
      },
    });
}

/**
 * True while a window of the same run and length still contains the position.
 * @param {{ run: string, n: number, start: number, count: number } | null} window
 * @param {Page.Scene} now
 */
export const holds = (window, { run, n, position }) =>
  window &&
  window.run === run.key &&
  window.n === n &&
  position >= window.start &&
  position < window.start + window.count;
