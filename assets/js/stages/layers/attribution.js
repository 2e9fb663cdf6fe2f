// Direct logit attribution: what each part of the network added to the logit of a token, or to a difference of two.

import { headGrid, signedBars } from './charts/by_layer.js';
import { checkMark } from '../../charts/check.js';
import { unpack } from '../../maths/arrays.js';
import { createAsk } from '../../core/ask.js';
import { diverging } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { num } from '../../maths/format.js';
import { chip } from '../../core/elements/chip.js';
import { label } from '../../maths/tokens.js';
import { layers as words } from './words/layers.js';

export function attributionCard(root, { ask, view, select }) {
  let now = null;
  const asking = createAsk();
  let place = '';
  let answered = null;
  let token = null;
  let against = null;
  let shownToken = null;
  const title = h('h2');
  const failure = h('div');
  const tokenChoice = h('select', {
    'aria-label': words.token,
    onchange: () => pick(Number(tokenChoice.value), against),
  });
  const otherChoice = h('select', {
    'aria-label': words.against,
    onchange: () => pick(token, otherChoice.value === '' ? null : Number(otherChoice.value)),
  });
  const typed = h('input', {
    type: 'text',
    placeholder: words.another,
    'aria-label': words.anotherSaid,
    autocomplete: 'off',
    spellcheck: 'false',
    onchange: compareTyped,
  });
  const typedSaid = h('p', { class: 'dim', role: 'status' });
  const sum = h('div', { class: 'shares-sum' });
  const bars = h('div');
  const heads = h('div');
  const without = h('p', { class: 'dim' });
  const largest = h('ol', { class: 'largest' });
  const mark = checkMark();
  const legend = h(
    'div',
    { class: 'layers-legend dim' },
    [
      ['attn', 'attention'],
      ['mlp', 'MLP'],
      ['other', 'embedding, biases'],
    ].map(([kind, name]) => h('span', {}, h('span', { class: `swatch is-${kind}` }), name)),
  );
  const body = h(
    'div',
    { class: 'shares-body' },
    h('div', {}, h('h3', {}, words.shares), legend, bars, h('h3', {}, words.heads), heads, without),
    h('div', {}, h('h3', {}, words.largest), largest),
  );
  const choices = h(
    'div',
    { class: 'layers-ask' },
    h('label', {}, h('span', { class: 'dim' }, words.token), tokenChoice),
    h('label', {}, h('span', { class: 'dim' }, words.against), otherChoice),
    typed,
  );
  root.append(
    h('div', { class: 'card-head' }, title, choices),
    h('p', { class: 'dim' }, words.whyNote),
    typedSaid,
    failure,
    sum,
    body,
    mark.element,
  );

  /** Any token can be compared: the first of what is typed, as the tokenizer cuts it. */
  async function compareTyped() {
    if (!typed.value) return;
    const here = place;
    try {
      const { tokens } = await ask('encode', { text: typed.value });
      if (here !== place) return;
      typed.value = '';
      pick(token, tokens[0].id);
      fill(
        typedSaid,
        tokens[0].id === shownToken
          ? words.itself(label(tokens[0]))
          : tokens.length > 1
            ? words.firstOf(tokens.map((t) => label(t)))
            : '',
      );
    } catch (error) {
      fill(typedSaid, explain(error));
    }
  }

  function pick(first, second) {
    fill(typedSaid);
    [token, against] = [first, second === (first ?? shownToken) ? null : second];
    update(now);
  }

  /** The candidates, and what is asked for if it is none of them. */
  function options(found) {
    const known = new Map([
      [found.token.id, found.token],
      ...(found.against ? [[found.against.id, found.against]] : []),
      ...found.candidates.map((c) => [c.id, c]),
    ]);
    const follows = now.tokens[found.position + 1]?.id;
    if (follows !== undefined) known.set(follows, now.tokens[found.position + 1]);
    const named = (t) => (t.id === follows ? words.follows(label(t, 20)) : label(t, 20));
    const entries = (chosen) =>
      [...known.values()].map((t) => h('option', { value: t.id, selected: t.id === chosen }, named(t)));
    fill(tokenChoice, entries(found.token.id));
    fill(otherChoice, h('option', { value: '', selected: !found.against }, words.nobody), entries(found.against?.id));
  }

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

  function showBars(a) {
    const { layer, head } = now;
    const slots = [
      { name: 'emb', bars: [{ value: a.embedding, kind: 'other' }] },
      ...[...a.attention].map((value, i) => ({
        name: i,
        bars: [
          { value, kind: 'attn' },
          { value: a.mlp[i], kind: 'mlp' },
        ],
      })),
      { name: 'bias', bars: [{ value: a.constant, kind: 'other' }] },
    ];
    const n = a.attention.length;
    const said = (slot) =>
      slot === 0
        ? `embedding ${num(a.embedding)}`
        : slot > n
          ? `biases ${num(a.constant)}`
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

  function show(found) {
    const { data, shape } = unpack(found.heads);
    const a = {
      ...found,
      attention: unpack(found.attention).data,
      mlp: unpack(found.mlp).data,
      heads: data,
      nHeads: shape[1],
    };
    const names = [chip(found.token), found.against && chip(found.against)];
    fill(
      title,
      h(
        'span',
        {},
        ...(found.against ? words.whyAgainst(...names, found.position) : words.why(names[0], found.position)),
      ),
    );
    options(found);
    showSum(a);
    showBars(a);
    showLargest(found);
    mark.show(found.checks);
    fill(failure);
    answered = place;
    shownToken = found.token.id;
    choices.hidden = body.hidden = sum.hidden = false;
  }

  function update(next, redraw) {
    now = next;
    const { run, position, layer, head, length } = now;
    const here = JSON.stringify([run.key, position]);
    if (here !== place) {
      [place, token, against] = [here, null, null];
      fill(typedSaid);
    }
    asking.ask({
      key: JSON.stringify([here, layer, head, token, against, length]),
      again: redraw,
      question: () => view('layers_attribution', { position, token, against, n_steps: run.steps.length }),
      answered: show,
      refused(error) {
        choices.hidden = answered !== place;
        body.hidden = sum.hidden = true;
        fill(title, words.shares);
        notice(failure, explain(error));
      },
    });
  }

  return { update };
}
