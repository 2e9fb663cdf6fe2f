// One block of a model: the residual stream down its side, and the parts that read it and add to it.

import { svg } from '../../../core/elements/dom.js';
import { drawBox, heightOf } from './flow.js';

/** In pixels: the x of the stream, the space between two boxes, and the space at the edge. */
export const STREAM = 30;
export const GAP = 18;
export const EDGE = 8;

/**
 * One step beside the stream: lines out of it, through its boxes, and back into it at a +. Also gives its lower end.
 * @param {Page.FlowBranch} step
 * @param {number} top
 * @param {number} width
 * @returns {[marks: SVGElement[], end: number]}
 */
function beside({ shared, columns }, top, width) {
  const left = STREAM + 34;
  const across = width - EDGE - 12 - left;
  const each = (across - 10 * (columns.length - 1)) / columns.length;
  /** @type {SVGElement[]} */
  const marks = [];
  /** @param {[x: number, y: number][]} points */
  const line = (...points) =>
    marks.push(svg('path', { class: 'flow-wire', d: `M${points.map((p) => p.join(' ')).join('L')}` }));
  /** @param {number} x @param {number} at */
  const tip = (x, at) => marks.push(svg('path', { class: 'flow-tip', d: `M${x - 4} ${at - 7}h8l-4 7z` }));
  let y = top + GAP;
  const from = top + 6;
  const middle = left + across / 2;
  const centres = columns.map((_, i) => left + i * (each + 10) + each / 2);
  marks.push(svg('circle', { class: 'flow-dot', cx: STREAM, cy: from, r: 3.5 }));
  if (shared.length) {
    line([STREAM, from], [middle, from], [middle, y]);
    tip(middle, y);
    for (const norm of shared) {
      marks.push(...drawBox(norm, left, y, across));
      y += heightOf(norm, across) + GAP;
    }
    centres.forEach((x) => line([x, y - GAP], [x, y]));
    centres.forEach((x) => tip(x, y));
  } else {
    centres.forEach((x) => line([STREAM, from], [x, from], [x, y]));
    centres.forEach((x) => tip(x, y));
  }
  const bottoms = columns.map((column, i) => {
    let below = y;
    column.forEach((part, at) => {
      if (at) {
        line([centres[i], below - GAP], [centres[i], below]);
        tip(centres[i], below);
      }
      marks.push(...drawBox(part, left + i * (each + 10), below, each));
      below += heightOf(part, each) + GAP;
    });
    return below - GAP;
  });
  const join = Math.max(...bottoms) + 14;
  centres.forEach((x, i) => line([x, bottoms[i]], [x, join], [STREAM + 10, join]));
  marks.push(svg('path', { class: 'flow-tip', d: `M${STREAM + 18} ${join - 4}v8l-7 -4z` }));
  marks.push(
    svg(
      'g',
      { class: 'flow-join' },
      svg('circle', { cx: STREAM, cy: join, r: 10 }),
      svg('path', { d: `M${STREAM - 5} ${join}H${STREAM + 5}M${STREAM} ${join - 5}V${join + 5}` }),
    ),
  );
  return [marks, join + 14];
}

/**
 * A block's frame and its steps, from `top` down, and its lower end.
 * @param {Page.FlowStep[]} steps
 * @param {{ title: string, note: string, stream: string, otherNorms: string }} words
 * @param {number} top
 * @param {number} width
 * @returns {[frame: SVGElement, marks: SVGElement[], end: number]}
 */
export function drawBlock(steps, words, top, width) {
  /** @type {SVGElement[]} */
  const marks = [];
  let y = top + 46;
  /** @type {number[]} */
  const middles = [];
  for (const step of steps) {
    if ('norm' in step) {
      marks.push(...drawBox(step.norm, EDGE + 10, y, width - 2 * EDGE - 20));
      y += heightOf(step.norm, width - 2 * EDGE - 20) + 12;
    } else {
      const [branch, below] = beside(step, y, width);
      middles.push((y + below) / 2 - 6);
      marks.push(...branch);
      y = below;
    }
  }
  if (words.otherNorms) {
    marks.push(svg('text', { class: 'flow-line', x: STREAM + 34, y: y + 10 }, words.otherNorms));
    y += 20;
  }
  marks.push(
    svg(
      'text',
      { class: 'flow-name', transform: `translate(${STREAM - 10} ${middles[0] ?? (top + y) / 2}) rotate(-90)` },
      words.stream,
    ),
  );
  const frame = svg(
    'g',
    {},
    svg('rect', { class: 'flow-frame', x: EDGE / 2, y: top, width: width - EDGE, height: y - top, rx: 12 }),
    svg('text', { class: 'flow-title', x: STREAM + 34, y: top + 20 }, words.title),
    svg('text', { class: 'flow-line', x: STREAM + 34, y: top + 37 }, words.note),
  );
  return [frame, marks, y];
}
