// Tokens side by side on [0, 1), each as wide as its share, with a drawn number on them.

import { svg } from '../../../core/elements/dom.js';
import { pct } from '../../../maths/format.js';

const HEIGHT = 64;
const LETTER = 8;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
// A smaller distance between two tokens comes from rounding and is no gap.
const ROUNDING = 5e-4;

/**
 * The bar, `width` pixels wide, with a needle at the drawn number.
 * @param {Page.Part[]} parts in their order on the bar
 * @param {number | null} draw
 * @param {{ others: string, spokenDraw: string, width: number }} look
 */
export function cumulative(parts, draw, { others, spokenDraw, width: wide }) {
  /** @param {number} from @param {number} share */
  const box = (from, share) => ({ x: from * wide, y: 16, width: Math.max(share * wide - 1, 0.5), height: 28 });
  /** @param {number} from @param {number} to */
  const between = (from, to) =>
    to - from > ROUNDING &&
    svg('rect', { ...box(from, to - from), class: 'segment rest' }, svg('title', {}, `${others} ${pct(to - from)}`));
  let upto = 0;
  const segments = parts.flatMap(({ label, from, share, selected }) => {
    const gap = between(upto, from);
    upto = from + share;
    const segment = svg(
      'rect',
      { ...box(from, share), class: selected ? 'segment selected' : 'segment' },
      svg('title', {}, `${label} ${pct(share)}`),
    );
    const fits = share * wide > (label.length + 1) * LETTER;
    return [
      gap,
      segment,
      fits && svg('text', { x: (from + share / 2) * wide, y: 35, class: selected ? 'on' : '' }, label),
    ];
  });
  const needle = draw !== null && [
    svg('path', { d: `M ${draw * wide} 48 V 12`, class: 'needle' }),
    svg('path', { d: `M ${draw * wide - 6} 4 h 12 l -6 9 z`, class: 'needle-head' }),
  ];
  /** @param {number} tick */
  const anchor = (tick) => (tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle');
  const axis = TICKS.map((tick) =>
    svg('text', { x: tick * wide, y: 60, class: 'tick', 'text-anchor': anchor(tick) }, String(tick)),
  );
  return svg(
    'svg',
    { viewBox: `0 0 ${wide} ${HEIGHT}`, class: 'cumulative', role: 'img', 'aria-label': spokenDraw },
    segments,
    between(upto, 1),
    needle,
    axis,
  );
}
