// Token labels on the two axes of an attention map, thinned so that they never overlap; and the mask's hatching.

import { label } from '../../../maths/tokens.js';

export const GUTTER = 92;
const LINE = 14;

/** Diagonal lines: neither a weight nor zero. */
export function hatch(context, ground, line) {
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const pen = tile.getContext('2d');
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = line;
  pen.beginPath();
  for (const at of [-4, 4, 12]) {
    pen.moveTo(at - 4, 12);
    pen.lineTo(at + 12, -4);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}

/** Calls place(index, text, chosen) for every label that has room; the `strong` position always has. */
function thinned({ count, rangeOf, strong, tile, tokens, cell }, place) {
  const every = Math.max(1, Math.ceil(LINE / cell));
  const chosenAt = Math.floor((strong - rangeOf(0)[0]) / tile.block);
  for (let index = 0; index < count; index += 1) {
    const chosen = index === chosenAt;
    const crowded = index % every !== 0 || Math.abs(chosenAt - index) < every;
    if (crowded && !chosen) continue;
    const [start] = rangeOf(index);
    const token = tokens[start];
    const text = token ? label(token, tile.block > 1 ? 7 : 10) : '';
    place(index, tile.block > 1 ? `${text} ${start}` : text, chosen);
  }
}

/** Draws the labels of both axes; `strong.query` and `strong.key` are positions to be bold. */
export function axes(context, style, map) {
  const { tile, cell, queriesOf, keysOf, strong } = map;
  const pen = (chosen, color) => {
    context.fillStyle = style.getPropertyValue(chosen ? color : '--ink-2');
    context.font = `${chosen ? '700 ' : ''}12px ${style.getPropertyValue('--mono')}`;
    context.textBaseline = 'middle';
  };
  thinned({ ...map, count: tile.rows, rangeOf: queriesOf, strong: strong.query }, (index, text, chosen) => {
    pen(chosen, '--c-query');
    context.textAlign = 'right';
    context.fillText(text, GUTTER - 8, GUTTER + (index + 0.5) * cell, GUTTER - 10);
  });
  thinned({ ...map, count: tile.cols, rangeOf: keysOf, strong: strong.key }, (index, text, chosen) => {
    pen(chosen, '--c-key');
    context.save();
    context.translate(GUTTER + (index + 0.5) * cell, GUTTER - 8);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'left';
    context.fillText(text, 0, 0, GUTTER - 10);
    context.restore();
  });
}
