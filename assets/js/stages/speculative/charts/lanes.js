// Several ways of doing the same work as lanes on one clock: each lane is a row of pieces as wide as their times.

import { fill, h } from '../../../core/elements/dom.js';

/** @param {{ name: string; kind: string }[]} kinds */
export const lanesKey = (kinds) =>
  h(
    'p',
    { class: 'dim lanes-key' },
    kinds.map(({ name, kind }) => h('span', {}, h('span', { class: `lane-sample ${kind}` }), name)),
  );

/**
 * Lanes in `root`. A click on a group calls `onpick` with its place.
 * @param {HTMLElement} root
 * @param {(place: number) => void} onpick
 */
export function lanes(root, onpick) {
  /** @param {Page.LanePart} part */
  const piece = ({ kind, value }) => h('span', { class: `lane-part ${kind}`, style: { 'flex-grow': value } });
  /** @param {Page.LaneGroup} group */
  const sum = ({ parts }) => parts.reduce((all, { value }) => all + value, 0);

  return {
    /**
     * `open` is the place of the marked group.
     * @param {{ lanes: Page.Lane[], format: (value: number) => string, open: number }} clock
     */
    show({ lanes: shown, format, open }) {
      const totals = shown.map(({ groups }) => groups.reduce((all, group) => all + sum(group), 0));
      const longest = Math.max(...totals, 1e-9);
      fill(
        root,
        shown.map(({ name, groups }, place) =>
          h(
            'div',
            { class: 'lane', role: 'group', 'aria-label': `${name}: ${format(totals[place])}` },
            h('span', { class: 'lane-name' }, name),
            h(
              'span',
              { class: 'lane-track' },
              // By keyboard, a round is chosen in the list of rounds instead.
              groups.map((group, i) =>
                h(
                  'button',
                  {
                    type: 'button',
                    tabindex: -1,
                    title: group.label,
                    class: i === open ? 'lane-group open' : 'lane-group',
                    style: { width: `${(100 * sum(group)) / longest}%` },
                    onclick: () => onpick(i),
                  },
                  group.parts.map(piece),
                ),
              ),
            ),
            h('strong', { class: 'lane-total' }, format(totals[place])),
          ),
        ),
      );
    },
  };
}
