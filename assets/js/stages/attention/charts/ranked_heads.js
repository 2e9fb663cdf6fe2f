// Heads in the order of a score: a list of buttons, each a thumbnail with its name and its number.

import { heatmap } from '../../../charts/heatmap.js';
import { fill, h } from '../../../core/elements/dom.js';

const SIDE = 60;

/** @typedef {Page.RankedHead & { map?: Page.Thumbnail }} Entry */

/**
 * The index that an arrow key leads to in a list whose rows hold `wide` items, or -1.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @param {number} wide
 */
function target(key, at, count, wide) {
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide };
  const step = steps[key];
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return step === undefined ? -1 : Math.min(count - 1, Math.max(0, at + step));
}

/**
 * The list in `root`: `show` draws it, `select` marks a head.
 * @param {HTMLElement} root
 * @param {{
 *   onSelect: (place: Page.HeadPlace) => void,
 *   onHover: (place: Page.HeadPlace | null) => void,
 *   label: string,
 * }} options
 */
export function rankedHeads(root, { onSelect, onHover, label }) {
  const list = h('ol', { class: 'ranked scroll', 'aria-label': label });
  root.append(list);
  /** @type {ReturnType<typeof button>[]} */
  let items = [];

  /** @param {Entry} entry */
  function button({ layer, head, score, spokenName, map }) {
    const picture = h('canvas', { 'aria-hidden': 'true', style: { width: `${SIDE}px`, height: `${SIDE}px` } });
    const element = h(
      'button',
      {
        type: 'button',
        tabindex: -1,
        'aria-label': spokenName,
        onclick: () => onSelect({ layer, head }),
        onpointerenter: () => onHover({ layer, head }),
        onpointerleave: () => onHover(null),
      },
      picture,
      h('span', { class: 'name' }, `L${layer} H${head}`),
      h('span', { class: 'score' }, score),
    );
    return { layer, head, element, picture, map };
  }

  /** @param {ReturnType<typeof button>} item @param {Page.Scale} scale */
  function paint({ picture, map }, scale) {
    if (map) heatmap(picture, { ...map, scale, cell: SIDE / Math.max(map.rows, map.cols) });
  }

  list.addEventListener('keydown', (event) => {
    const at = items.findIndex(({ element }) => element === document.activeElement);
    const wide = Math.max(
      1,
      items.findIndex(({ element }) => element.offsetTop > items[0].element.offsetTop),
    );
    const next = at < 0 ? -1 : target(event.key, at, items.length, wide);
    if (next < 0) return;
    event.preventDefault();
    // The arrow keys walk through the stages elsewhere on the page.
    event.stopPropagation();
    items[next].element.focus();
    onSelect(items[next]);
  });

  return {
    /** @param {Entry[]} heads @param {Page.Scale} scale */
    show(heads, scale) {
      items = heads.map(button);
      fill(
        list,
        items.map(({ element }) => h('li', {}, element)),
      );
      items.forEach((item) => paint(item, scale));
    },
    /** @param {number} layer @param {number} head */
    select(layer, head) {
      const chosen = items.findIndex((item) => item.layer === layer && item.head === head);
      items.forEach(({ element }, i) => {
        element.setAttribute('aria-pressed', String(i === chosen));
        element.tabIndex = i === Math.max(0, chosen) ? 0 : -1;
      });
    },
  };
}
