// What each part of the network added to a logit: as a sum, as bars by layer, by head, and the largest of all.

import { diverging } from '../../core/elements/color.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { headGrid, signedBars } from './charts/by_layer.js';
import { layers as words } from './words/layers.js';

/** `sum` and `body` are elements to put where they belong; show(found, {layer, head}) fills them. */
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

  function showSum(a) {
    const terms = words
      .parts(a)
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
      h('span', { class: 'term' }, h('strong', {}, num(a.total, 6)), h('span', { class: 'dim' }, words.total(a))),
      h('span', { class: 'dim' }, words.own(a.logit)),
    );
  }

  function showBars(a, { layer, head }) {
    const slots = [
      { name: words.slots.embedding, bars: [{ value: a.embedding, kind: 'other' }] },
      ...[...a.attention].map((value, i) => ({
        name: i,
        bars: [
          { value, kind: 'attn' },
          { value: a.mlp[i], kind: 'mlp' },
        ],
      })),
      { name: words.slots.biases, bars: [{ value: a.constant, kind: 'other' }] },
    ];
    const n = a.attention.length;
    const said = (slot) =>
      slot === 0
        ? words.embeddingSaid(a.embedding)
        : slot > n
          ? words.biasesSaid(a.constant)
          : words.sharesSaid(slot - 1, a.attention[slot - 1], a.mlp[slot - 1]);
    const onSelect = (slot) => slot > 0 && slot <= n && select({ layer: slot - 1 });
    signedBars(bars, {
      slots,
      selected: layer + 1,
      onSelect,
      label: words.sharesLabel(layer, a.attention[layer], a.mlp[layer]),
      title: said,
    });
    heads.hidden = !a.nHeads;
    fill(without, a.without_heads && words.without(a.without_heads));
    if (!a.nHeads) return;
    const around = diverging();
    const at = (l, i) => a.heads[l * a.nHeads + i];
    const reach = a.heads.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 1e-9);
    headGrid(heads, {
      layers: n,
      heads: a.nHeads,
      slots: n + 2,
      at,
      color: (share) => around(share / reach),
      selected: { layer, head },
      onSelect: (l, i) => select({ layer: l, head: i }),
      label: words.headsLabel(layer, head, at(layer, head)),
      title: words.headSaid,
      axis: words.headAxis,
    });
  }

  function showLargest(found) {
    const most = Math.abs(found.largest[0].share) || 1;
    const lines = found.largest.map((part) => {
      const wide = `${(50 * Math.abs(part.share)) / most}%`;
      const kind = { mlp: 'mlp', embedding: 'other' }[part.kind] ?? 'attn';
      const bar = h('span', {
        class: 'bar',
        style: {
          width: wide,
          [part.share < 0 ? 'right' : 'left']: '50%',
          background: `var(--${{ mlp: 'c-key', attn: 'c-query', other: 'ink-2' }[kind]})`,
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
    show(found, selected) {
      const { data, shape } = unpack(found.heads);
      const a = {
        ...found,
        attention: unpack(found.attention).data,
        mlp: unpack(found.mlp).data,
        heads: data,
        nHeads: shape[1],
      };
      showSum(a);
      showBars(a, selected);
      showLargest(found);
    },
  };
}
