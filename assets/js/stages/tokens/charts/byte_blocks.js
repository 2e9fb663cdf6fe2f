// Tokens over their bytes over their text; tokens that share a character stand in one block.

import { chip } from '../../../core/elements/chip.js';
import { fill, h } from '../../../core/elements/dom.js';
import { hex, label, visible } from '../../../maths/tokens.js';

/** @typedef {typeof import('../words/detokenize.js').detokenize} Words */
/** @typedef {{ part: Payload.TextPart, index: number }} Item */

/**
 * Bytes as small boxes.
 * @param {number[]} bytes
 */
export const hexes = (bytes) =>
  bytes.length > 0 &&
  h(
    'span',
    { class: 'hexes' },
    bytes.map((byte) => h('span', { class: 'byte waits' }, hex(byte))),
  );

/**
 * Groups the parts so that each group ends where no byte is left waiting.
 * @param {Payload.TextPart[]} parts
 */
function groupParts(parts) {
  /** @type {Item[][]} */
  const groups = [];
  /** @type {Item[]} */
  let open = null;
  parts.forEach((part, index) => {
    if (!open) groups.push((open = []));
    open.push({ part, index });
    if (!part.waiting.length) open = null;
  });
  return groups;
}

/** @param {number} n */
const span = (n) => ({ 'grid-column': `span ${Math.max(1, n)}` });

/**
 * Draws `parts`, joined up to the one at index `at`; later ones are faint. A click calls `onSelect(index)`.
 * @param {HTMLElement} root
 * @param {Payload.TextPart[]} parts
 * @param {number} at
 * @param {{ onSelect: (index: number) => void } & Pick<Words, 'waits' | 'noText' | 'select'>} options
 */
export function blocks(root, parts, at, { onSelect, waits, noText, select }) {
  /** @param {Item} item */
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

  /**
   * @param {Item} item
   * @param {number} waitingFrom the first byte of the group that still waits
   * @param {number} offset how many bytes of the group come before the token's
   */
  function bytesOf({ part, index }, waitingFrom, offset) {
    const { token } = part;
    if (token.special || !token.bytes.length) return h('span', { class: 'byte none' }, '–');
    return token.bytes.map((byte, i) => {
      const state = index > at ? 'later' : offset + i >= waitingFrom ? 'waits' : '';
      return h('span', { class: `byte ${state}` }, hex(byte));
    });
  }

  /** @param {Item[]} group */
  function block(group) {
    const joined = group.filter(({ index }) => index <= at);
    let nBytes = 0;
    for (const { part } of joined) nBytes += part.token.special ? 0 : part.token.bytes.length;
    const waitingFrom = joined.length ? nBytes - joined.at(-1).part.waiting.length : Infinity;
    let offset = 0;
    let nUsed = 0;
    /** @type {Page.Child[][]} */
    const [over, middle, below] = [[], [], []];
    for (const item of group) {
      const { part, index } = item;
      const size = part.token.special ? 0 : part.token.bytes.length;
      over.push(tokenOf(item));
      middle.push(bytesOf(item, waitingFrom, offset));
      offset += size;
      const consumed = offset - part.waiting.length - nUsed;
      if (part.token.special || size === 0) below.push(h('span', { class: 'text none dim' }, noText));
      else if (consumed > 0) {
        const isJoined = index <= at;
        below.push(
          h(
            'span',
            { class: `text ${isJoined ? 'come' : 'later'}`, dir: 'auto', style: span(consumed) },
            isJoined || group.length === 1 ? visible(part.text) : nBytes ? waits : '…',
          ),
        );
        nUsed += consumed;
      }
    }
    if (offset > nUsed)
      below.push(h('span', { class: 'text later', style: span(offset - nUsed) }, nBytes ? waits : '…'));
    return h('div', { class: 'block' }, over, middle, below);
  }

  fill(root, groupParts(parts).map(block));
}
