// One query and one key: their score at every distance, and what each pair of dimensions adds at the real one.

import { checkMark } from '../../charts/check.js';
import { chip } from '../../core/elements/chip.js';
import { css } from '../../core/elements/color.js';
import { fill, h, svg } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { axis, plot } from './charts/plotly.js';
import { embed as words } from './words/embed.js';

const WIDTH = 600;
const HEIGHT = 110;
const HALF = HEIGHT / 2;
const FIRST_DISTANCE = 3;

/**
 * Bars up and down from a middle line, one for each pair of dimensions.
 * @param {Page.Numbers} values
 */
function parts(values) {
  const reach = Math.max(...values.map(Math.abs), 1e-9);
  const step = WIDTH / values.length;
  const bars = [...values].map((value, i) => {
    const height = Math.max(0.5, (Math.abs(value) / reach) * (HALF - 4));
    const y = value < 0 ? HALF : HALF - height;
    const bar = svg('rect', {
      x: i * step + 1,
      y,
      width: Math.max(1, step - 2),
      height,
      class: value < 0 ? 'minus' : 'plus',
    });
    bar.append(svg('title', {}, words.partValue(i, value)));
    return bar;
  });
  const middle = svg('line', { x1: 0, x2: WIDTH, y1: HALF, y2: HALF, class: 'tick' });
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'pair-parts',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': words.partsLabel([...values]),
    },
    middle,
    bars,
  );
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountDot(root, ctx) {
  const pickers = { layer: picker('layer', words.layer), head: picker('head', words.head) };
  const slider = h('input', { type: 'range', min: 0, id: 'embed-key', oninput: () => choose(Number(slider.value)) });
  const keyName = h('output', { for: 'embed-key' });
  const pair = h('p', { class: 'pair-line' });
  const value = h('p', { class: 'readout' });
  const place = h('div', { class: 'dot-place' });
  const bars = h('div');
  const note = h('p', { class: 'dim' });
  const mark = checkMark(place, bars);
  const part = card(words.dot, '', pair, place, value, h('h3', {}, words.parts), bars, note);
  const row = h('label', { class: 'key-row' }, h('span', {}, words.keyToken), slider, keyName);
  part.body.before(h('div', { class: 'controls' }, pickers.layer.label, pickers.head.label, row));
  part.head.append(mark.element);
  root.append(part.element);
  const chart = plot(place, ctx.plotlyUrl, { name: 'score-over-distance', describe: () => words.dotName });
  /** @type {Page.Scene} */
  let now = null;
  /** @type {number | null} */
  let key = null;
  /** @type {Payload.DotProduct & { curve: Page.Numbers, parts: Page.Numbers }} */
  let found = null;

  const ask = createRequest(
    ctx,
    'embed_dot_product',
    part,
    (answer) => {
      found = { ...answer, curve: unpack(answer.scores).data, parts: unpack(answer.contributions).data };
      draw();
    },
    () => mark.show([]),
  );

  /** @param {'layer' | 'head'} name @param {string} text */
  function picker(name, text) {
    const select = h('select', { onchange: () => ctx.select({ [name]: Number(select.value) }) });
    return { select, label: h('label', {}, text, ' ', select) };
  }

  /** @param {number} position */
  function choose(position) {
    key = position;
    look();
  }

  function look() {
    const query = now.position;
    const chosen = key === null ? Math.max(0, query - FIRST_DISTANCE) : Math.min(key, query);
    slider.max = String(query);
    slider.value = String(chosen);
    slider.disabled = query === 0;
    fill(keyName, `${chosen} `, chip(now.tokens[chosen], { limit: 12 }));
    fill(
      pair,
      chip(now.tokens[query], { class: 'as-query' }),
      words.queryAt(query),
      chip(now.tokens[chosen], { class: 'as-key' }),
      words.keyAt(chosen),
    );
    ask(
      { layer: now.layer, head: now.head, query, key: chosen },
      [now.run.key, now.layer, now.head, query, chosen].join(':'),
    );
  }

  function draw() {
    const { curve, distance, score } = found;
    const line = {
      type: 'scatter',
      mode: 'lines',
      x: [...curve.keys()],
      y: curve,
      line: { color: css('--accent'), width: 2 },
      hovertemplate: 'distance %{x}: %{y:.4f}<extra></extra>',
    };
    const dot = {
      type: 'scatter',
      mode: 'markers',
      x: [distance],
      y: [score],
      marker: { size: 13, color: css('--c-key'), line: { color: css('--surface'), width: 2 } },
      hovertemplate: 'here: distance %{x}, score %{y:.4f}<extra></extra>',
    };
    const layout = { xaxis: axis(words.distanceAxis, { zeroline: false }), yaxis: axis(words.scoreAxis), height: 300 };
    chart.show([line, dot], layout, `${now.run.key}:${found.layer}:${found.head}`);
    fill(part.note, words.dotNote(found));
    fill(value, words.dotValue(found), distance >= curve.length ? words.beyond(curve.length) : '');
    fill(bars, parts(found.parts));
    fill(note, words.partsNote(found));
    mark.show([found.check]);
  }

  return {
    element: part.element,
    /** @param {Page.Scene} at @param {Page.Changes} changed @param {Page.Card} modelCard */
    update(at, changed, modelCard) {
      now = at;
      const sizes = { layer: modelCard?.n_layers ?? now.layer + 1, head: modelCard?.n_heads ?? now.head + 1 };
      for (const name of /** @type {const} */ (['layer', 'head'])) {
        const { select } = pickers[name];
        if (select.length !== sizes[name])
          fill(
            select,
            Array.from({ length: sizes[name] }, (_, i) => h('option', { value: i }, i)),
          );
        select.value = String(now[name]);
      }
      if (changed.has('run') && found && key !== null && key >= now.n) key = null;
      if (changed.has('theme') && found) draw();
      look();
    },
  };
}
