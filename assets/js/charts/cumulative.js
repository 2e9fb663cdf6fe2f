// Tokens side by side on [0, 1), each as wide as its share, with a drawn number on them.

import { svg } from '../core/dom.js';
import { pct } from '../core/format.js';

const WIDTH = 1000;
const HEIGHT = 64;
const NARROWEST_LABEL = 60;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** `parts`: [{label, share, selected}] in the order they lie; `draw`: the number, or null. */
export function cumulative(parts, draw, { others, spoken }) {
  let left = 0;
  const drawn = [];
  for (const { label, share, selected } of parts) {
    const [x, width] = [left * WIDTH, share * WIDTH];
    const segment = { x, y: 16, width: Math.max(width - 1, 0.5), height: 28, class: selected ? 'segment selected' : 'segment' };
    drawn.push(svg('rect', segment, svg('title', {}, `${label} ${pct(share)}`)));
    if (width > NARROWEST_LABEL) drawn.push(svg('text', { x: x + width / 2, y: 35, class: selected ? 'on' : '' }, label));
    left += share;
  }
  if (left < 0.9995) {
    const rest = { x: left * WIDTH, y: 16, width: (1 - left) * WIDTH, height: 28, class: 'segment rest' };
    drawn.push(svg('rect', rest, svg('title', {}, `${others} ${pct(1 - left)}`)));
  }
  if (draw !== null) {
    const at = draw * WIDTH;
    drawn.push(svg('path', { d: `M ${at} 48 L ${at} 12`, class: 'needle' }), svg('path', { d: `M ${at - 6} 4 h 12 l -6 9 z`, class: 'needle-head' }));
  }
  const anchor = (tick) => (tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle');
  const axis = TICKS.map((tick) => svg('text', { x: tick * WIDTH, y: 60, class: 'tick', 'text-anchor': anchor(tick) }, String(tick)));
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'cumulative', role: 'img', 'aria-label': spoken }, drawn, axis);
}
