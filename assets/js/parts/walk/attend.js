// Attention over the token strip: pointing at a token shows what it attends to and who attends to it, in the selected head.

import { createAsk } from '../../core/ask.js';
import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { hasMaps } from '../../maths/models.js';
import { fed, sequence } from '../../maths/tokens.js';
import { attend as words } from '../words/attend.js';

const WAIT = 90;
const TOP = 3;

/**
 * Marks the tokens of `strip`, which gets a line that says the same in words. Anything in `page` that bears
 * data-position can be pointed at; what has no elements (a canvas) calls `point(position | null)`, which is returned.
 */
export function mountAttend(page, strip, { store, view }) {
  const said = h('p', { class: 'attend-said dim', 'aria-live': 'polite' });
  strip.append(said);
  let waiting = null;
  let shown = null;
  const asking = createAsk();

  const idle = () => store.state.status.phase === 'idle' && !store.state.following;
  const shows = () => store.state.run?.prefill && hasMaps(store.state.card);
  const head = () => `${store.state.selection.layer} ${store.state.selection.head}`;

  function clean() {
    clearTimeout(waiting);
    asking.drop();
    shown = null;
    strip.classList.remove('attending');
    for (const chip of strip.querySelectorAll('[data-position]')) {
      chip.style.removeProperty('--to');
      chip.style.removeProperty('--by');
    }
  }

  function rest() {
    clean();
    const { layer, head: number } = store.state.selection;
    const { run, card } = store.state;
    fill(said, run?.prefill && card && hasMaps(card) ? words.rest(layer, number) : '');
  }

  /** Bars whose height is the square root of the weight, like the maps' colour: small weights stay in sight. */
  function paint(position, { row, column }) {
    const [to, by] = [unpack(row).data, unpack(column).data];
    strip.classList.add('attending');
    for (const chip of strip.querySelectorAll('[data-position]')) {
      const other = Number(chip.dataset.position);
      chip.style.setProperty('--to', Math.sqrt(to[other] ?? 0).toFixed(3));
      chip.style.setProperty('--by', Math.sqrt(by[other] ?? 0).toFixed(3));
    }
    shown = position;
  }

  /** @param {Payload.Token[]} tokens */
  function tell(position, found, tokens) {
    const top = ({ positions, weights }) =>
      positions
        .slice(0, TOP)
        .map((at, i) => [tokens[at], weights[i]])
        .filter(([token]) => token);
    const mark = (kind) => h('span', { class: `attend-key ${kind}`, 'aria-hidden': 'true' });
    fill(said, words.found(tokens[position], found, { to: top(found.attends_to), by: top(found.attended_by), mark }));
  }

  function show(position) {
    const { run, selection } = store.state;
    asking.drop();
    const n = fed(run);
    const tokens = sequence(run);
    if (!tokens[position]) return;
    if (position >= n) {
      clean();
      fill(said, words.notFed(tokens[position]));
      return;
    }
    const { layer, head: number } = selection;
    asking.ask({
      question: () => view('attention_position', { layer, head: number, position, n_positions: n }),
      answered(found) {
        if (store.state.run !== run) return;
        paint(position, found);
        tell(position, found, tokens);
      },
      refused: (error) => fill(said, explain(error)),
    });
  }

  /** What is pointed at now: a position, or null. Soon, not at once: the pointer crosses many tokens on its way. */
  function point(position) {
    clearTimeout(waiting);
    if (position === null) waiting = setTimeout(rest, WAIT);
    else if (idle() && shows()) waiting = setTimeout(() => show(position), WAIT);
  }

  function pointed(event) {
    const token = event.target.closest?.('[data-position]');
    if (token) point(Number(token.dataset.position));
    else if (shown !== null && !event.target.closest?.('canvas')) point(null);
  }

  page.addEventListener('pointerover', pointed);
  page.addEventListener('focusin', pointed);
  page.addEventListener('pointerleave', () => point(null));

  let last = '';
  store.subscribe((state) => {
    const now = `${state.run?.key} ${state.run?.steps.length} ${head()} ${idle()}`;
    if (now === last) return;
    last = now;
    // The selected head changed while somebody points: the marks follow it.
    if (shown !== null && idle()) show(shown);
    else rest();
  });

  return { point };
}
