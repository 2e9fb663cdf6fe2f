// RoPE's pairs as clocks: each hand has turned by position times the pair's frequency.

import { fill, h, svg } from '../../../core/elements/dom.js';
import { num } from '../../../maths/format.js';
import { embed as words } from '../words/embed.js';

const R = 27;

/**
 * A clock for one pair of dimensions.
 * @param {number} pair
 */
function clock(pair) {
  const hand = svg('line', { x1: 0, y1: 0, x2: 0, y2: -R + 4, class: 'hand' });
  const ticks = [0, 90, 180, 270].map((a) =>
    svg('line', { x1: 0, y1: -R, x2: 0, y2: -R + 4, class: 'tick', transform: `rotate(${a})` }),
  );
  const turns = h('span', { class: 'value' });
  const face = svg(
    'svg',
    { viewBox: `${-R - 2} ${-R - 2} ${2 * R + 4} ${2 * R + 4}`, role: 'img' },
    svg('circle', { r: R, class: 'face' }),
    ticks,
    hand,
    svg('circle', { r: 2.5, class: 'pin' }),
  );
  return {
    pair,
    hand,
    turns,
    face,
    element: h('figure', { class: 'clock' }, face, h('figcaption', {}, h('strong', {}, words.pair(pair)), turns)),
  };
}

/**
 * Clocks in `root`; `show` turns their hands.
 * @param {HTMLElement} root
 */
export function clocks(root) {
  let drawnPairs = '';
  /** @type {ReturnType<typeof clock>[]} */
  let drawnClocks = [];

  return {
    /** @param {{ wavelengths: Page.Numbers, pairs: number[], position: number }} options */
    show({ wavelengths, pairs, position }) {
      const key = pairs.join();
      if (key !== drawnPairs) {
        drawnPairs = key;
        drawnClocks = pairs.map(clock);
        fill(
          root,
          drawnClocks.map((part) => part.element),
        );
      }
      for (const { pair, hand, turns, face } of drawnClocks) {
        const turned = position / wavelengths[pair];
        // Without modulo, so that the hand really turns when the position moves on.
        hand.style.transform = `rotate(${turned * 360}deg)`;
        fill(
          turns,
          words.turns(turned),
          h('br'),
          h('span', { class: 'dim' }, words.wavelength(num(wavelengths[pair]))),
        );
        face.setAttribute('aria-label', `${words.pair(pair)}: ${words.turns(turned)}`);
      }
    },
  };
}
