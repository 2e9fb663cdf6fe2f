// Attention on the token strip: hovering over a token shows which tokens it attends to and which attend to it, in the
// selected head.

import { createAsk } from '../../core/ask.js';
import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { hasMaps } from '../../maths/models.js';
import { nFed, sequence } from '../../maths/tokens.js';
import { attend as words } from '../words/attend.js';

const WAIT = 90;
const TOP = 3;

/**
 * Marks the tokens of `strip`, and describes the same in a line below. Any element in `page` with data-position can be
 * hovered over; a canvas, which has no such elements, calls the returned `point` instead.
 * @param {HTMLElement} page
 * @param {HTMLElement} strip
 * @param {Page.Ctx} ctx
 */
export function mountAttend(page, strip, { store, view }) {
  const line = h('p', { class: 'attend-said dim', 'aria-live': 'polite' });
  strip.append(line);
  /** @type {ReturnType<typeof setTimeout>} */
  let waiting = null;
  /** @type {number} */
  let shownPosition = null;
  const asking = createAsk();

  const idle = () => store.state.status.phase === 'idle' && !store.state.following;
  const isKnown = () => store.state.run?.prefill && hasMaps(store.state.card);
  const head = () => `${store.state.selection.layer} ${store.state.selection.head}`;

  function clear() {
    clearTimeout(waiting);
    asking.drop();
    shownPosition = null;
    strip.classList.remove('attending');
    for (const chip of strip.querySelectorAll('[data-position]')) {
      chip.style.removeProperty('--to');
      chip.style.removeProperty('--by');
    }
  }

  function rest() {
    clear();
    const { layer, head: number } = store.state.selection;
    const { run, card } = store.state;
    fill(line, run?.prefill && card && hasMaps(card) ? words.rest(layer, number) : '');
  }

  /**
   * Draws bars whose height is the square root of the weight, like the maps' colour: small weights stay visible.
   * @param {number} position
   * @param {Payload.PositionAnswer} answer
   */
  function paint(position, { row, column }) {
    const [to, by] = [unpack(row).data, unpack(column).data];
    strip.classList.add('attending');
    for (const chip of strip.querySelectorAll('[data-position]')) {
      const other = Number(chip.dataset.position);
      chip.style.setProperty('--to', Math.sqrt(to[other] ?? 0).toFixed(3));
      chip.style.setProperty('--by', Math.sqrt(by[other] ?? 0).toFixed(3));
    }
    shownPosition = position;
  }

  /**
   * @param {number} position
   * @param {Payload.PositionAnswer} found
   * @param {Page.RunToken[]} tokens
   */
  function describe(position, found, tokens) {
    /** @param {Payload.LargestWeights} largest */
    const top = ({ positions, weights }) =>
      positions
        .slice(0, TOP)
        .map((at, i) => /** @type {[Page.RunToken, number]} */ ([tokens[at], weights[i]]))
        .filter(([token]) => token);
    const mark = (/** @type {string} */ kind) => h('span', { class: `attend-key ${kind}`, 'aria-hidden': 'true' });
    fill(line, words.found(tokens[position], found, { to: top(found.attends_to), by: top(found.attended_by), mark }));
  }

  /** @param {number} position */
  function show(position) {
    const { run, selection } = store.state;
    asking.drop();
    const n = nFed(run);
    const tokens = sequence(run);
    if (!tokens[position]) return;
    if (position >= n) {
      clear();
      fill(line, words.notFed(tokens[position]));
      return;
    }
    const { layer, head: number } = selection;
    asking.ask({
      question: () => view('attention_position', { layer, head: number, position, n_positions: n }),
      onanswer(found) {
        if (store.state.run !== run) return;
        paint(position, found);
        describe(position, found, tokens);
      },
      onerror: (error) => fill(line, explain(error)),
    });
  }

  /**
   * Shows the attention of the hovered position, or none; after a delay, since the pointer crosses many tokens on its way.
   * @param {number | null} position
   */
  function point(position) {
    clearTimeout(waiting);
    if (position === null) waiting = setTimeout(rest, WAIT);
    else if (idle() && isKnown()) waiting = setTimeout(() => show(position), WAIT);
  }

  /** @param {Event} event */
  function onhover(event) {
    const target = /** @type {Element} */ (event.target);
    const token = /** @type {HTMLElement | null} */ (target.closest?.('[data-position]'));
    if (token) point(Number(token.dataset.position));
    else if (shownPosition !== null && !target.closest?.('canvas')) point(null);
  }

  page.addEventListener('pointerover', onhover);
  page.addEventListener('focusin', onhover);
  page.addEventListener('pointerleave', () => point(null));

  let last = '';
  store.subscribe((state) => {
    const now = `${state.run?.key} ${state.run?.steps.length} ${head()} ${idle()}`;
    if (now === last) return;
    last = now;
    // The selected head changed while a token is hovered over: the marks follow it.
    if (shownPosition !== null && idle()) show(shownPosition);
    else rest();
  });

  return { point };
}
