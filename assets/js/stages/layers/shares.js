// What each part of the network added to a logit: the sum, bars by layer, a grid of heads, and the largest parts.

import { diverging } from '../../core/elements/color.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { headGrid, signedBars } from './charts/by_layer.js';
import { layers as words } from './words/layers.js';

/**
 * The kind of a part in the legend; what is not listed here belongs to attention.
 * @type {Record<string, keyof typeof words.kinds>}
 */
const KINDS = { mlp: 'mlp', embedding: 'other' };
/** @type {Record<keyof typeof words.kinds, string>} */
const COLORS = { mlp: 'c-key', attn: 'c-query', other: 'ink-2' };

/**
 * The answer with its arrays unpacked.
 * @param {Payload.AttributionAnswer} found
 */
function unpackShares(found) {
  const { data, shape } = unpack(found.heads);
  return {
    ...found,
    attention: unpack(found.attention).data,
    mlp: unpack(found.mlp).data,
    heads: data,
    nHeads: shape[1],
  };
}

/**
 * `sum` and `body` are elements for the card to place; `show` fills them.
 * @param {Page.Ctx['select']} select
 */
export function sharesView(select) {
  const sum = h('div', { class: 'shares-sum' });
  const bars = h('div');
  const heads = h('div');
  const without = h('p', { class: 'dim' });
  const largest = h('ol', { class: 'largest' });
  const legend = h(
    'div',
    { class: 'layers-legend dim' },
    Object.entries(words.kinds).map(([kind, name]) => h('span', {}, h('span', { class: `swatch is-${kind}` }), name)),
  );
  const body = h(
    'div',
    { class: 'shares-body' },
    h('div', {}, h('h3', {}, words.shares), legend, bars, h('h3', {}, words.heads), heads, without),
    h('div', {}, h('h3', {}, words.largest), largest),
  );

  /** @param {Payload.AttributionAnswer} found */
  function showSum(found) {
    const terms = words
      .parts(found)
      .map(([name, value], i) => [
        h('span', { class: 'sign' }, i === 0 ? '' : value < 0 ? '−' : '+'),
        h(
          'span',
          { class: 'term' },
          h('strong', {}, num(i === 0 ? value : Math.abs(value), 4)),
          h('span', { class: 'dim' }, name),
        ),
      ]);
    fill(
      sum,
      terms,
      h('span', { class: 'sign' }, '='),
      h(
        'span',
        { class: 'term' },
        h('strong', {}, num(found.total, 6)),
        h('span', { class: 'dim' }, words.total(found)),
      ),
      h('span', { class: 'dim' }, words.own(found.logit)),
    );
  }

  /** @param {ReturnType<typeof unpackShares>} shares @param {Page.LayersScene} selected */
  function showBars(shares, { layer, head }) {
    const { attention, mlp, embedding, constant, nHeads } = shares;
    const slots = [
      { name: words.slots.embedding, bars: [{ value: embedding, kind: 'other' }] },
      ...[...attention].map((value, i) => ({
        name: i,
        bars: [
          { value, kind: 'attn' },
          { value: mlp[i], kind: 'mlp' },
        ],
      })),
      { name: words.slots.biases, bars: [{ value: constant, kind: 'other' }] },
    ];
    const n = attention.length;
    /** @param {number} slot */
    const titleOf = (slot) =>
      slot === 0
        ? words.embeddingShare(embedding)
        : slot > n
          ? words.biasesShare(constant)
          : words.layerShares(slot - 1, attention[slot - 1], mlp[slot - 1]);
    /** @param {number} slot */
    const onSelect = (slot) => slot > 0 && slot <= n && select({ layer: slot - 1 });
    signedBars(bars, {
      slots,
      selected: layer + 1,
      onSelect,
      label: words.sharesLabel(layer, attention[layer], mlp[layer]),
      title: titleOf,
    });
    heads.hidden = !nHeads;
    fill(without, shares.without_heads && words.without(shares.without_heads));
    if (!nHeads) return;
    const around = diverging();
    /** @param {number} l @param {number} i */
    const at = (l, i) => shares.heads[l * nHeads + i];
    const reach = shares.heads.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 1e-9);
    headGrid(heads, {
      layers: n,
      heads: nHeads,
      slots: n + 2,
      at,
      color: (share) => around(share / reach),
      selected: { layer, head },
      onSelect: (l, i) => select({ layer: l, head: i }),
      label: words.headsLabel(layer, head, at(layer, head)),
      title: words.headShare,
      axis: words.headAxis,
    });
  }

  /** @param {Payload.LogitShare[]} parts */
  function showLargest(parts) {
    const most = Math.abs(parts[0].share) || 1;
    const lines = parts.map((part) => {
      const width = `${(50 * Math.abs(part.share)) / most}%`;
      const bar = h('span', {
        class: 'bar',
        style: {
          width,
          [part.share < 0 ? 'right' : 'left']: '50%',
          background: `var(--${COLORS[KINDS[part.kind] ?? 'attn']})`,
        },
      });
      const go = () => select(part.head === null ? { layer: part.layer } : { layer: part.layer, head: part.head });
      return h(
        'li',
        {},
        h(
          'button',
          { type: 'button', disabled: part.layer === null, onclick: go },
          h('span', {}, words.part(part)),
          h('span', { class: 'track' }, bar),
          h('span', { class: 'value' }, num(part.share, 3)),
        ),
      );
    });
    fill(largest, lines);
  }

  return {
    sum,
    body,
    /** @param {Payload.AttributionAnswer} found @param {Page.LayersScene} selected */
    show(found, selected) {
      showSum(found);
      showBars(unpackShares(found), selected);
      showLargest(found.largest);
    },
  };
}
