// What the sections of the Embeddings panel share: which tokens are meant, and asking without races.

import { createAsk } from '../../core/ask.js';
import { h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { sequence } from '../../maths/tokens.js';

/**
 * What all sections draw from. While a run grows, a selected prompt token keeps the prompt alone in view,
 * so that not every new token redraws everything.
 * @param {Page.State} state
 * @returns {Page.Scene}
 */
export function scene({ run, selection, status }) {
  const growing = status.phase === 'running' && selection.position < run.tokens.length;
  const tokens = growing ? run.tokens : sequence(run);
  const position = Math.min(selection.position, tokens.length - 1);
  return { run, tokens, n: tokens.length, position, layer: selection.layer, head: selection.head };
}

/** A card with a heading, a note and a place for what could not be shown. */
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
 * Asks a view and draws its answer. `ask(args, key)` does nothing while `key` is what it last asked for; an
 * answer that comes after a newer question is dropped; a refusal is shown in the card, and `refused` is called.
 * @template {keyof Payload.Views} N
 * @param {Page.Ctx} ctx
 * @param {N} name
 * @param {{ failed: HTMLElement, body: HTMLElement }} part
 * @param {(answer: Payload.Views[N]) => void} draw
 * @param {() => void} [refused]
 */
export function asker({ view }, name, { failed, body }, draw, refused) {
  const asking = createAsk();
  return (args, key) =>
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
 * True while a window {start, count} of the same run and length still holds the position.
 * @param {{ run: string, n: number, start: number, count: number } | null} window
 * @param {Page.Scene} now
 */
export const holds = (window, { run, n, position }) =>
  window &&
  window.run === run.key &&
  window.n === n &&
  position >= window.start &&
  position < window.start + window.count;
