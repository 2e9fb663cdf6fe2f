// Token labels on the two axes of an attention map, thinned so that they never overlap; and the mask's hatching.

import { label } from '../../../maths/tokens.js';

export const GUTTER = 92;
const LINE = 14;

/**
 * A map on screen; `cell` is the side of a cell, and the labels of the positions `strong` are bold.
 * @typedef {{
 *   tile: Page.MapTile,
 *   tokens: Page.RunToken[],
 *   cell: number,
 *   queriesOf: (row: number) => Page.Range,
 *   keysOf: (col: number) => Page.Range,
 *   strong: { query: number, key: number },
 * }} AxesMap
 */

/**
 * Diagonal lines, which look like neither a weight nor zero.
 * @param {CanvasRenderingContext2D} context
 * @param {string} ground
 * @param {string} line
 */
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

/**
 * Calls `place(index, text, bold)` for every label that has room; the label of the position `strong` always has.
 * @param {Pick<AxesMap, 'tile' | 'tokens' | 'cell'> & {
 *   count: number, rangeOf: (index: number) => Page.Range, strong: number,
 * }} axis
 * @param {(index: number, text: string, bold: boolean) => void} place
 */
function drawThinned({ count, rangeOf, strong, tile, tokens, cell }, place) {
  const every = Math.max(1, Math.ceil(LINE / cell));
  const boldAt = Math.floor((strong - rangeOf(0)[0]) / tile.block);
  for (let index = 0; index < count; index += 1) {
    const bold = index === boldAt;
    const crowded = index % every !== 0 || Math.abs(boldAt - index) < every;
    if (crowded && !bold) continue;
    const [start] = rangeOf(index);
    const token = tokens[start];
    const text = token ? label(token, tile.block > 1 ? 7 : 10) : '';
    place(index, tile.block > 1 ? `${text} ${start}` : text, bold);
  }
}

/**
 * Draws the labels of both axes.
 * @param {CanvasRenderingContext2D} context
 * @param {CSSStyleDeclaration} style
 * @param {AxesMap} map
 */
export function axes(context, style, map) {
  const { tile, cell, queriesOf, keysOf, strong } = map;
  /** @param {boolean} bold @param {string} color */
  const setPen = (bold, color) => {
    context.fillStyle = style.getPropertyValue(bold ? color : '--ink-2');
    context.font = `${bold ? '700 ' : ''}12px ${style.getPropertyValue('--mono')}`;
    context.textBaseline = 'middle';
  };
  drawThinned({ ...map, count: tile.rows, rangeOf: queriesOf, strong: strong.query }, (index, text, bold) => {
    setPen(bold, '--c-query');
    context.textAlign = 'right';
    context.fillText(text, GUTTER - 8, GUTTER + (index + 0.5) * cell, GUTTER - 10);
  });
  drawThinned({ ...map, count: tile.cols, rangeOf: keysOf, strong: strong.key }, (index, text, bold) => {
    setPen(bold, '--c-key');
    context.save();
    context.translate(GUTTER + (index + 0.5) * cell, GUTTER - 8);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'left';
    context.fillText(text, 0, 0, GUTTER - 10);
    context.restore();
  });
}
