// Ways of doing the same work as lanes on one clock: each lane is a row of pieces as wide as they took.

import { fill, h } from '../../../core/elements/dom.js';

/**
 * The key of the pieces: [{name, kind}].
 * @param {{ name: string; kind: string; }[]} kinds
 */
export const lanesKey = (kinds) =>
  h(
    'p',
    { class: 'dim lanes-key' },
    kinds.map(({ name, kind }) => h('span', {}, h('span', { class: `lane-sample ${kind}` }), name)),
  );

/**
 * Lanes in `root`. `show({lanes, format, open})`: a lane is {name, groups}, a group {label, parts: [{kind, value}]};
 * `open` is the group that is marked. A click on a group calls `onpick(place)`.
 */
export function lanes(root, onpick) {
  const piece = ({ kind, value }) => h('span', { class: `lane-part ${kind}`, style: { 'flex-grow': value } });
  const sum = ({ parts }) => parts.reduce((all, { value }) => all + value, 0);

  return {
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
              // The list of rounds is the way by keyboard.
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
