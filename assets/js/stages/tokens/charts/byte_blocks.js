// Tokens over their bytes over their text; tokens that share a character stand in one block.

import { chip } from '../../../core/elements/chip.js';
import { fill, h } from '../../../core/elements/dom.js';
import { hex, label, visible } from '../../../maths/tokens.js';

/** Bytes as small boxes. */
export const hexes = (bytes) =>
  bytes.length > 0 &&
  h(
    'span',
    { class: 'hexes' },
    bytes.map((byte) => h('span', { class: 'byte waits' }, hex(byte))),
  );

/** Parts {token, text, waiting} in groups that end where nothing waits: [[{part, index}, …], …]. */
function grouped(parts) {
  const groups = [];
  let open = null;
  parts.forEach((part, index) => {
    if (!open) groups.push((open = []));
    open.push({ part, index });
    if (!part.waiting.length) open = null;
  });
  return groups;
}

const span = (n) => ({ 'grid-column': `span ${Math.max(1, n)}` });

/**
 * Draws `parts`, joined up to the one at place `at`; later ones are faint. `onSelect(place)` is called on a click;
 * `waits`, `noText` and `select(name)` are words.
 */
export function blocks(root, parts, at, { onSelect, waits, noText, select }) {
  function tokenOf({ part, index }) {
    const { token } = part;
    const classes = [index === at && 'selected', index > at && 'later'];
    const props = {
      tag: 'button',
      type: 'button',
      limit: 30,
      'aria-label': select(label(token)),
      onclick: () => onSelect(index),
    };
    return h(
      'span',
      { class: 'over', style: span(token.special ? 1 : token.bytes.length) },
      chip(token, { ...props, class: classes.filter(Boolean).join(' ') }),
    );
  }

  function bytesOf({ part, index }, waitingFrom, offset) {
    const { token } = part;
    if (token.special || !token.bytes.length) return h('span', { class: 'byte none' }, '–');
    return token.bytes.map((byte, i) => {
      const state = index > at ? 'later' : offset + i >= waitingFrom ? 'waits' : '';
      return h('span', { class: `byte ${state}` }, hex(byte));
    });
  }

  function block(group) {
    const here = group.filter(({ index }) => index <= at);
    let arrived = 0;
    for (const { part } of here) arrived += part.token.special ? 0 : part.token.bytes.length;
    const waitingFrom = here.length ? arrived - here.at(-1).part.waiting.length : Infinity;
    let offset = 0;
    let taken = 0;
    const [over, middle, below] = [[], [], []];
    for (const item of group) {
      const { part, index } = item;
      const size = part.token.special ? 0 : part.token.bytes.length;
      over.push(tokenOf(item));
      middle.push(bytesOf(item, waitingFrom, offset));
      offset += size;
      const consumed = offset - part.waiting.length - taken;
      if (part.token.special || size === 0) below.push(h('span', { class: 'text none dim' }, noText));
      else if (consumed > 0) {
        const come = index <= at;
        below.push(
          h(
            'span',
            { class: `text ${come ? 'come' : 'later'}`, dir: 'auto', style: span(consumed) },
            come || group.length === 1 ? visible(part.text) : arrived ? waits : '…',
          ),
        );
        taken += consumed;
      }
    }
    if (offset > taken)
      below.push(h('span', { class: 'text later', style: span(offset - taken) }, arrived ? waits : '…'));
    return h('div', { class: 'block' }, over, middle, below);
  }

  fill(root, grouped(parts).map(block));
}
