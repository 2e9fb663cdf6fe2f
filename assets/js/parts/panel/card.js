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
 * @param {Page.Child} text
 * @param {...Page.Child} children
 */
export function card(title, text, ...children) {
  const heading = h('h2', {}, title);
  const note = h('p', { class: 'dim' }, text);
  const failure = h('p', { class: 'notice', role: 'status', hidden: true });
  const body = h('div', { class: 'embed-body' }, children);
  const head = h('div', { class: 'card-head' }, heading);
  const element = h('div', { class: 'card' }, head, note, failure, body);
  return { element, heading, head, note, failure, body };
}

/**
 * Returns a function that requests a view and draws its answer; it does nothing while `key` is that of its last request.
 * An answer that comes after a newer request is dropped. An error is shown in the card, and `onerror` is called.
 * @template {keyof Payload.Views} N
 * @param {Page.Ctx} ctx
 * @param {N} name
 * @param {{ failure: HTMLElement, body: HTMLElement }} part
 * @param {(answer: Payload.Views[N]) => void} draw
 * @param {() => void} [onerror]
 */
export function createRequest({ view }, name, { failure, body }, draw, onerror) {
  const asking = createAsk();
  return (/** @type {Page.Args} */ args, /** @type {string} */ key) =>
    asking.ask({
      key,
      question() {
        body.classList.add('waiting');
        return view(name, args);
      },
      onanswer(answer) {
        failure.hidden = true;
        body.hidden = false;
        draw(answer);
        body.classList.remove('waiting');
      },
      onerror(error) {
        asking.forget();
        failure.textContent = explain(error);
        failure.hidden = false;
        body.hidden = true;
        onerror?.();
        body.classList.remove('waiting');
      },
    });
}

/**
 * True while a window of the same run and length still contains the position.
 * @param {{ run: string, n: number, start: number, count: number } | null} window
 * @param {Page.Scene} now
 */
export const contains = (window, { run, n, position }) =>
  window &&
  window.run === run.key &&
  window.n === n &&
  position >= window.start &&
  position < window.start + window.count;
