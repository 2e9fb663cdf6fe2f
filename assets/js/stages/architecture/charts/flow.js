// Boxes of a diagram: a title, lines under it, and what lies inside; each leads somewhere when chosen.

import { svg } from '../../../core/elements/dom.js';

const LETTER = 6.7;
const LINE = 16;
const PAD = 10;

/** Short texts joined to as few lines as fit. */
export function wrapped(texts, width) {
  const room = Math.max(10, Math.floor((width - 2 * PAD) / LETTER));
  const lines = [];
  for (const text of texts.filter(Boolean)) {
    const joined = lines.length ? `${lines.at(-1)} · ${text}` : text;
    if (lines.length && joined.length <= room) lines[lines.length - 1] = joined;
    else lines.push(...broken(text, room));
  }
  return lines;
}

/** One text as lines no longer than `room` letters. */
function broken(text, room) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const joined = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (joined.length <= room || !lines.at(-1)) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}

/** How tall a box of this width is; `box` is {title, texts, kind, label, go, inside: [box], squares: [n, chosen]}. */
export function tall(box, width) {
  const inside = (box.inside ?? []).reduce((sum, part) => sum + tall(part, width - 2 * PAD) + 8, 0);
  return (
    26 +
    LINE * wrapped(box.texts, width).length +
    inside +
    squaresTall(box, width) +
    (box.texts.length || inside ? 5 : 2)
  );
}

const perRow = (width) => Math.max(1, Math.floor((width - 2 * PAD) / 13));
const squaresTall = ({ squares }, width) => (squares ? 13 * Math.ceil(squares[0] / perRow(width)) + 4 : 0);

/** A box at (x, y) with everything in it, as SVG groups; the parts inside are targets of their own. */
export function drawn(box, x, y, width) {
  const height = tall(box, width);
  const lines = wrapped(box.texts, width);
  const choose = (event) => {
    if (event.type === 'keydown' && !['Enter', ' '].includes(event.key)) return;
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
      dataset: { box: box.name ?? box.kind },
      onclick: choose,
      onkeydown: choose,
    },
    svg('title', {}, box.label),
    svg('rect', { x, y, width, height, rx: 8 }),
    svg('text', { class: 'flow-title', x: x + PAD, y: y + 18 }, box.title),
    lines.map((line, i) => svg('text', { class: 'flow-line', x: x + PAD, y: y + 35 + LINE * i }, line)),
  );
  let below = y + 27 + LINE * lines.length + 3;
  const parts = [];
  for (const part of box.inside ?? []) {
    parts.push(...drawn(part, x + PAD, below, width - 2 * PAD));
    below += tall(part, width - 2 * PAD) + 8;
  }
  if (box.squares) group.append(...drawSquares(box.squares, x + PAD, below, width));
  return [group, ...parts];
}

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
