// Numbers by layer as one SVG: lines on a logarithmic axis, bars from zero, a grid of heads. A click selects a layer.

import { fill, h, svg } from '../../../core/elements/dom.js';
import { num } from '../../../maths/format.js';

const LEFT = 46;
const BOTTOM = 30;
const TOP = 8;
const HEIGHT = 210;
const LINES = { narrowest: 20, all: 440 };
const BARS = { narrowest: 24, all: 620 };
const THICKEST = 26;

/**
 * The geometry of a chart: `slots` columns after the axis, wide enough for their names and to fill the picture.
 * @param {number} slots
 * @param {{ narrowest: number, all: number }} size
 * @param {number} [wide]
 */
const frameOf = (slots, { narrowest, all }, wide = Math.max(narrowest, Math.floor(all / slots))) => ({
  wide,
  width: LEFT + slots * wide + 6,
  height: HEIGHT,
  /** @param {number} slot */
  x: (slot) => LEFT + (slot + 0.5) * wide,
  bottom: HEIGHT - BOTTOM,
});

/**
 * The layers around a chart's marks: below, the highlight of the selected slot; above, the names and areas to click.
 * @param {ReturnType<typeof frameOf>} frame
 * @param {(string | number)[]} names
 * @param {Page.LayerChart} chart
 */
function groundOf(frame, names, { selected, onSelect, title }) {
  const every = Math.ceil(names.length / 34);
  return {
    under:
      selected >= 0 &&
      svg('rect', {
        class: 'here',
        x: frame.x(selected) - frame.wide / 2,
        y: TOP,
        width: frame.wide,
        height: frame.bottom - TOP,
      }),
    over: names.map((name, slot) => [
      (slot % every === 0 || slot === selected) &&
        svg('text', { x: frame.x(slot), y: frame.bottom + 14, 'text-anchor': 'middle' }, name),
      svg(
        'rect',
        {
          class: 'hit',
          x: frame.x(slot) - frame.wide / 2,
          y: TOP,
          width: frame.wide,
          height: frame.bottom - TOP + 16,
          onclick: () => onSelect(slot),
        },
        svg('title', {}, title(slot)),
      ),
    ]),
  };
}

/**
 * @param {HTMLElement} root
 * @param {ReturnType<typeof frameOf>} frame
 * @param {string} label
 * @param {Page.Child[]} parts
 */
function picture(root, frame, label, parts) {
  // Below this width the labels could not be read: the chart then scrolls inside its box.
  const style = { 'min-width': `${Math.round(0.8 * frame.width)}px` };
  const image = svg(
    'svg',
    { class: 'layer-chart', style, viewBox: `0 0 ${frame.width} ${frame.height}`, role: 'img', 'aria-label': label },
    parts,
  );
  fill(root, h('div', { class: 'shares-scroll' }, image));
}

/**
 * Lines of positive numbers on one logarithmic axis.
 * @param {HTMLElement} root
 * @param {Page.LayerLines} chart
 */
export function logLines(root, chart) {
  const { series, label, axis } = chart;
  const names = [...series[0].values.keys()];
  const frame = frameOf(names.length, LINES);
  const known = series.flatMap(({ values }) => [...values]).filter((value) => value > 0);
  const [low, high] = [Math.floor(Math.log10(Math.min(...known))), Math.ceil(Math.log10(Math.max(...known)))];
  /** @param {number} value */
  const y = (value) => frame.bottom - ((Math.log10(value) - low) / Math.max(1, high - low)) * (frame.bottom - TOP);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const ground = groundOf(frame, names, chart);
  const drawn = series.map(({ values, kind }) => {
    const at = [...values].map((value, slot) => (value > 0 ? [frame.x(slot), y(value)] : null)).filter(Boolean);
    return [
      svg('polyline', { class: `line is-${kind}`, points: at.map((point) => point.join(',')).join(' ') }),
      at.map(([cx, cy]) => svg('circle', { class: `dot is-${kind}`, cx, cy, r: 2.4 })),
    ];
  });
  picture(root, frame, label, [
    ground.under,
    ticks.map((tick) => [
      svg('line', { class: 'grid', x1: LEFT, x2: frame.width, y1: y(tick), y2: y(tick) }),
      svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, num(tick, 2)),
    ]),
    drawn,
    ground.over,
    svg('text', { x: frame.width, y: frame.height - 3, 'text-anchor': 'end' }, axis),
  ]);
}

/**
 * Bars up and down from zero, some in each slot; a value that is not finite has no bar.
 * @param {HTMLElement} root
 * @param {Page.LayerBars} chart
 */
export function signedBars(root, chart) {
  const { slots, label } = chart;
  const frame = frameOf(slots.length, BARS);
  const values = slots.flatMap(({ bars }) => bars.map((bar) => bar.value)).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const reach = high - low || 1;
  /** @param {number} value */
  const y = (value) => TOP + ((high - value) / reach) * (frame.bottom - TOP);
  const step = stepFor(reach);
  const ticks = Array.from(
    { length: Math.floor(high / step) - Math.ceil(low / step) + 1 },
    (_, i) => (Math.ceil(low / step) + i) * step,
  );
  const ground = groundOf(
    frame,
    slots.map((slot) => slot.name),
    chart,
  );
  const pillars = slots.map(({ bars }, slot) =>
    bars.map(({ value, kind }, place) => {
      if (!Number.isFinite(value)) return null;
      const thick = Math.min(THICKEST, (frame.wide - 5) / bars.length);
      const x = frame.x(slot) + (place - bars.length / 2) * thick;
      return svg('rect', {
        class: `pillar is-${kind}`,
        x,
        y: y(Math.max(0, value)),
        width: Math.max(1, thick - 1),
        height: Math.max(0.6, Math.abs(y(0) - y(value))),
      });
    }),
  );
  picture(root, frame, label, [
    ground.under,
    ticks.map((tick) => [
      svg('line', { class: tick === 0 ? 'zero' : 'grid', x1: LEFT, x2: frame.width, y1: y(tick), y2: y(tick) }),
      svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, num(tick, 2)),
    ]),
    pillars,
    ground.over,
  ]);
}

/**
 * A round step that divides `reach` into at most five.
 * @param {number} reach
 */
function stepFor(reach) {
  const rough = reach / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
}

/**
 * A cell for each layer and head, below the bars of `signedBars` and in line with them.
 * @param {HTMLElement} root
 * @param {Page.HeadGrid} grid
 */
export function headGrid(root, { layers, heads, slots, at, color, selected, onSelect, label, title, axis }) {
  const side = Math.max(6, Math.min(15, Math.floor(330 / heads)));
  const frame = { ...frameOf(slots, BARS), height: TOP + heads * side + 4 };
  const cells = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let head = 0; head < heads; head += 1) {
      const share = at(layer, head);
      if (Number.isNaN(share)) continue;
      const place = {
        x: frame.x(layer + 1) - frame.wide / 2 + 1,
        y: TOP + head * side,
        width: frame.wide - 2,
        height: side - 1,
      };
      const chosen = layer === selected.layer && head === selected.head;
      cells.push(
        svg(
          'rect',
          {
            class: chosen ? 'cell chosen' : 'cell',
            ...place,
            fill: `rgb(${color(share)})`,
            onclick: () => onSelect(layer, head),
          },
          svg('title', {}, title(layer, head, share)),
        ),
      );
    }
  }
  const every = Math.ceil(12 / side);
  const names = Array.from(
    { length: heads },
    (_, head) =>
      head % every === 0 && svg('text', { x: LEFT - 6, y: TOP + head * side + side - 3, 'text-anchor': 'end' }, head),
  );
  picture(root, frame, label, [
    cells,
    names,
    svg(
      'text',
      {
        x: LEFT - 24,
        y: TOP + (heads * side) / 2,
        transform: `rotate(-90 ${LEFT - 24} ${TOP + (heads * side) / 2})`,
        'text-anchor': 'middle',
      },
      axis,
    ),
  ]);
}
