// Boxes of a diagram: a title, lines under it, and the boxes inside; a chosen box leads to another place of the page.

import { svg } from '../../../core/elements/dom.js';

const LETTER = 6.7;
const LINE = 16;
const PAD = 10;

/**
 * Short texts joined to as few lines as possible.
 * @param {string[]} texts
 * @param {number} width
 */
function wrap(texts, width) {
  const room = Math.max(10, Math.floor((width - 2 * PAD) / LETTER));
  /** @type {string[]} */
  const lines = [];
  for (const text of texts.filter(Boolean)) {
    const joined = lines.length ? `${lines.at(-1)} · ${text}` : text;
    if (lines.length && joined.length <= room) lines[lines.length - 1] = joined;
    else lines.push(...splitWord(text, room));
  }
  return lines;
}

/**
 * One text as lines no longer than `room` letters.
 * @param {string} text
 * @param {number} room
 */
function splitWord(text, room) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const joined = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (joined.length <= room || !lines.at(-1)) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}

/**
 * The height of a box of this width.
 * @param {Page.FlowBox} box
 * @param {number} width
 * @returns {number}
 */
export function heightOf(box, width) {
  const inside = (box.inside ?? []).reduce((sum, part) => sum + heightOf(part, width - 2 * PAD) + 8, 0);
  return (
    26 +
    LINE * wrap(box.texts, width).length +
    inside +
    squaresHeight(box, width) +
    (box.texts.length || inside ? 5 : 2)
  );
}

/** @param {number} width */
const perRow = (width) => Math.max(1, Math.floor((width - 2 * PAD) / 13));
/** @param {Page.FlowBox} box @param {number} width */
const squaresHeight = ({ squares }, width) => (squares ? 13 * Math.ceil(squares[0] / perRow(width)) + 4 : 0);

/**
 * A box at (x, y) with everything in it, as SVG groups; the boxes inside can be chosen by themselves.
 * @param {Page.FlowBox} box
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @returns {SVGElement[]}
 */
export function drawBox(box, x, y, width) {
  const height = heightOf(box, width);
  const lines = wrap(box.texts, width);
  /** @param {MouseEvent | KeyboardEvent} event */
  const choose = (event) => {
    if ('key' in event && !['Enter', ' '].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    box.go();
  };
  const group = svg(
    'g',
    {
      class: `flow-box flow-${box.kind}`,
      role: 'button',
      tabindex: 0,
      'aria-label': box.label,
      dataset: { box: box.kind },
      onclick: choose,
      onkeydown: choose,
    },
    svg('title', {}, box.label),
    svg('rect', { x, y, width, height, rx: 8 }),
    svg('text', { class: 'flow-title', x: x + PAD, y: y + 18 }, box.title),
    lines.map((line, i) => svg('text', { class: 'flow-line', x: x + PAD, y: y + 35 + LINE * i }, line)),
  );
  let below = y + 27 + LINE * lines.length + 3;
  /** @type {SVGElement[]} */
  const parts = [];
  for (const part of box.inside ?? []) {
    parts.push(...drawBox(part, x + PAD, below, width - 2 * PAD));
    below += heightOf(part, width - 2 * PAD) + 8;
  }
  if (box.squares) group.append(...drawSquares(box.squares, x + PAD, below, width));
  return [group, ...parts];
}

/** @param {Page.FlowBox['squares']} squares @param {number} x @param {number} y @param {number} width */
function drawSquares([n, chosen], x, y, width) {
  const across = perRow(width);
  return Array.from({ length: n }, (_, i) =>
    svg('rect', {
      class: i < chosen ? 'flow-square chosen' : 'flow-square',
      x: x + 13 * (i % across),
      y: y + 13 * Math.floor(i / across),
      width: 10,
      height: 10,
      rx: 2,
    }),
  );
}
