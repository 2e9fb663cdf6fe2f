// The residual stream of one position: its norm in every layer, and the vectors of the selected layer as a sum.

import { checkMark } from '../../charts/check.js';
import { pixels } from '../../charts/heatmap.js';
import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { diverging } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { logLines } from './charts/by_layer.js';
import { layers as words } from './words/layers.js';

/** @param {Page.Numbers} data @param {number} reach */
function strip(data, reach) {
  const canvas = h('canvas', { width: data.length, height: 1, 'aria-hidden': 'true' });
  const around = diverging();
  canvas
    .getContext('2d')
    .drawImage(
      pixels({ data, rows: 1, cols: data.length, scale: (t) => around(2 * t - 1), domain: [-reach, reach] }),
      0,
      0,
    );
  return canvas;
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function residualCard(root, { view, select }) {
  /** @type {Page.LayersScene} */
  let now = null;
  const asking = createAsk();
  const title = h('h2');
  const note = h('p', { class: 'dim' });
  const failure = h('div');
  const chart = h('div');
  const legend = h(
    'div',
    { class: 'layers-legend dim' },
    Object.entries(words.series).map(([kind, name]) => h('span', {}, h('span', { class: `swatch is-${kind}` }), name)),
    h('span', {}, words.streamAxis),
  );
  const vectors = h('div');
  const details = h('details', { class: 'layers-details' });
  const mark = checkMark();
  const body = h('div', { class: 'layers-pair' }, h('div', {}, chart, legend), vectors);
  root.append(h('div', { class: 'card-head' }, title), note, failure, body, details, mark.element);

  /** @param {Payload.ResidualStream} found @param {Record<string, number>} norms */
  function showVectors(found, norms) {
    const { data, shape } = unpack(found.vectors);
    const [, width] = shape;
    const rows = found.vectors_of.map((name, i) =>
      h(
        'div',
        { class: name === 'resid_post' ? 'vector-row total' : 'vector-row' },
        h('span', {}, words.signs[name]),
        h('code', {}, name),
        strip(data.subarray(i * width, (i + 1) * width), found.reach),
        h('span', { class: 'value' }, num(norms[name])),
      ),
    );
    const [ofAttention, ofMlp] = unpack(found.factors).data.subarray(2 * found.layer);
    fill(
      vectors,
      h('h3', {}, words.vectors(found.layer, width)),
      rows,
      h('p', { class: 'dim' }, words.reach(found.reach)),
      (ofAttention !== 1 || ofMlp !== 1) && h('p', { class: 'dim' }, words.factor(ofAttention, ofMlp)),
    );
  }

  /** @param {Page.Numbers[]} columns */
  function showTable(columns) {
    const head = h(
      'thead',
      {},
      h(
        'tr',
        {},
        words.streamColumns.map((name) => h('th', { scope: 'col' }, name)),
      ),
    );
    /** @param {Page.Numbers} data @param {number} layer */
    const value = (data, layer) => (data.length && !Number.isNaN(data[layer]) ? num(data[layer]) : '–');
    const lines = [...columns[0]].map((_, layer) =>
      h(
        'tr',
        { class: layer === now.layer ? 'selected' : '' },
        h('th', { scope: 'row' }, layer),
        columns.map((data) => h('td', { class: 'number' }, value(data, layer))),
      ),
    );
    fill(
      details,
      h('summary', { class: 'dim' }, words.streamTable),
      h('div', { class: 'scroll' }, h('table', { class: 'layers-table' }, head, h('tbody', {}, lines))),
    );
  }

  /** @param {Payload.ResidualStream} found */
  function show(found) {
    const { layer } = found;
    const [pre, attn, mid, mlp, post, missing] = [
      found.pre,
      found.attn,
      found.mid,
      found.mlp,
      found.post,
      found.missing,
    ].map((packed) => unpack(packed).data);
    fill(title, words.streamAt(chip(now.tokens[found.position]), found.position));
    fill(note, words.streamNote(found.parallel), !found.has_attention && ` ${words.noAttention}`);
    logLines(chart, {
      series: [
        { values: post, kind: 'post' },
        { values: attn, kind: 'attn' },
        { values: mlp, kind: 'mlp' },
      ],
      selected: layer,
      onSelect: (at) => select({ layer: at }),
      label: words.streamLabel(layer, post[layer], attn[layer], mlp[layer]),
      axis: words.layerAxis,
      title: (at) => words.streamLabel(at, post[at], attn[at], mlp[at]),
    });
    showVectors(found, {
      resid_pre: pre[layer],
      attn_out: attn[layer],
      resid_mid: mid[layer],
      mlp_out: mlp[layer],
      resid_post: post[layer],
    });
    showTable([pre, attn, mid, mlp, post, missing]);
    mark.show(found.checks);
    fill(failure);
    body.hidden = false;
  }

  /** @param {Page.LayersScene} next @param {boolean} [redraw] */
  function update(next, redraw = false) {
    now = next;
    const { run, position, layer, length } = now;
    asking.ask({
      key: JSON.stringify([run.key, position, layer, length]),
      again: redraw,
      question: () => view('layers_residual', { position, layer, n_steps: run.steps.length }),
      onanswer: show,
      onerror(error) {
        body.hidden = true;
        fill(title, words.stream);
        notice(failure, explain(error));
      },
    });
  }

  return { update };
}
