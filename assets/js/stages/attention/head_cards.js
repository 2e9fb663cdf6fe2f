// The five cards of one head: each shows one step of the computation, and how well it was checked.

import { checkMark } from '../../charts/check.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { num } from '../../maths/format.js';
import { label as tokenLabel } from '../../maths/tokens.js';
import { cells, numbersTable } from './charts/cells.js';
import { head as words } from './words/head.js';

/** A numbered card; `check(found, note)` sets its mark. */
function card(step, size = '') {
  const title = h('h3');
  const body = h('div', { class: 'step-body' });
  const note = h('span', { class: 'dim' });
  const mark = checkMark();
  const element = h(
    'article',
    { class: `step ${size}` },
    h('header', {}, h('span', { class: 'step-number', 'aria-hidden': 'true' }, step), title),
    body,
    h('footer', {}, note, mark.element),
  );
  return {
    element,
    body,
    name: (text) => fill(title, text),
    check(found, said = '') {
      fill(note, found ? '' : said);
      mark.show(found ? [found] : []);
    },
  };
}

const line = (name, value, more) => [
  h('dt', {}, name, more && h('span', { class: 'dim' }, ' ', more)),
  h('dd', {}, value),
];

/** q, k and their products as strips under one pointer. */
export function pairCard() {
  const own = card(1, 'wide');
  const readout = h('p', { class: 'step-readout dim' });
  /** @type {{ q: Page.Numbers; k: Page.Numbers; products: Page.Numbers; }} */
  let pair = null;
  const strips = cells(own.body, {
    onHover: (i) =>
      fill(
        readout,
        i === null ? words.pairRest(pair.q.length) : words.pairHover(i, pair.q[i], pair.k[i], pair.products[i]),
      ),
  });
  const table = numbersTable(words.table, words.dimension);
  own.body.append(readout, table.element);
  return {
    ...own,
    redraw: strips.redraw,
    /** @param {{ q: Page.Numbers; k: Page.Numbers; products: Page.Numbers; rotated: boolean; }} numbers */
    show({ q, k, products, rotated }) {
      pair = { q, k, products };
      own.name(words.pair(rotated));
      const rows = [
        { name: words.q, data: q, color: '--c-query' },
        { name: words.k, data: k, color: '--c-key' },
        { name: words.product, data: products },
      ];
      strips.show(rows.map((row) => ({ ...row, label: words.strip })));
      table.show(rows);
    },
  };
}

/** The sum, scaled, capped, biased and masked. */
export function scoreCard() {
  const own = card(2);
  own.name(words.score);
  return {
    ...own,
    /** @param {{ pair: Payload.PairScore; softmax: Payload.SoftmaxRow; size: number; }} pairScore */
    show({ pair, softmax, size }) {
      const { dot, scaling, scaled, softcap, capped, bias, score, hidden } = pair;
      fill(
        own.body,
        h(
          'dl',
          { class: 'sums' },
          line(words.sum(size), num(dot, 5)),
          line(words.scale(scaling, size), num(scaled, 5)),
          softcap && line(words.softcap(softcap), num(capped, 5)),
          bias !== 0 && line(words.bias, num(bias, 5)),
          h('div', { class: 'sums-last' }, line(words.scoreName, num(score, 5))),
        ),
        h(
          'p',
          { class: hidden ? 'mask-said hidden-key' : 'mask-said' },
          h('strong', {}, words.maskName),
          ': ',
          hidden ? words.hidden[hidden] : words.seen,
        ),
        softmax.first_key > 0 && h('p', { class: 'dim' }, words.window(softmax.first_key)),
      );
    },
  };
}

function bar(name, weight, color, value = num(weight, 3)) {
  const width = `${100 * Math.min(1, Math.abs(weight))}%`;
  return h(
    'li',
    {},
    name,
    h('span', { class: 'track' }, h('span', { class: 'bar', style: { width, background: `var(${color})` } })),
    h('span', { class: 'value' }, value),
  );
}

/** The largest weights, and what is left for the other keys. `onkey(position)` takes a key. */
export function softmaxCard(onkey) {
  const own = card(3);
  own.name(words.softmax);

  function key(position, weight, tokens, chosen) {
    const token = tokens[position];
    const name = chip(token, {
      tag: 'button',
      type: 'button',
      limit: 10,
      class: position === chosen ? 'selected' : '',
      'aria-pressed': String(position === chosen),
      'aria-label': words.takeKey(`${tokenLabel(token, 40)}, ${position}`),
      onclick: () => onkey(position),
    });
    return bar([h('span', { class: 'place dim' }, position), name], weight, '--c-key');
  }

  return {
    ...own,
    show({ softmax, pair, positions, weights, tokens, chosen }) {
      const { n_visible: n, rest, sink, sink_weight: share } = softmax;
      const plain = (text) => [h('span', { class: 'place' }), h('span', { class: 'dim' }, text)];
      fill(
        own.body,
        h('p', { class: 'formula' }, words.formula(softmax, pair.score, pair.hidden)),
        h(
          'ol',
          { class: 'step-bars' },
          Array.from(positions, (position, i) => key(position, weights[i], tokens, chosen)),
          n > positions.length && bar(plain(words.rest(n - positions.length)), rest, '--ink-2'),
          sink !== null && bar(plain(words.sink), share, '--c-special'),
        ),
        h('p', { class: 'dim' }, words.formulaNote(n), sink !== null && ` ${words.formulaSink(sink)}`),
      );
    },
  };
}

/** The chosen key's value, its weighted share, and z. */
export function mixCard() {
  const own = card(4, 'wide');
  own.name(words.mix);
  const readout = h('p', { class: 'step-readout dim' });
  /** @type {{ value: Page.Numbers; weighted: Page.Numbers; z: Page.Numbers; weight: number; }} */
  let mix = null;
  const strips = cells(own.body, {
    onHover: (i) =>
      fill(
        readout,
        i === null
          ? words.mixRest(mix.weight, mix.z.length)
          : words.mixHover(i, mix.value[i], mix.weighted[i], mix.z[i], mix.weight),
      ),
  });
  const table = numbersTable(words.table, words.dimension);
  own.body.append(readout, table.element);
  return {
    ...own,
    redraw: strips.redraw,
    /** @param {{ value: Page.Numbers; weighted: Page.Numbers; z: Page.Numbers; weight: number; }} next */
    show(next) {
      mix = next;
      const rows = [
        { name: words.v, data: mix.value, color: '--c-value' },
        { name: words.weighted, data: mix.weighted },
        { name: words.z, data: mix.z },
      ];
      strips.show(rows.map((row) => ({ ...row, label: words.strip })));
      table.show(rows);
    },
  };
}

/** The head's part of attn_out, beside what the other heads give. */
export function outputCard() {
  const own = card(5, 'whole');
  own.name(words.output);
  const readout = h('p', { class: 'step-readout dim' });
  const place = h('div');
  const shares = h('div');
  let output = null;
  const strips = cells(place, {
    onHover: (i) =>
      fill(
        readout,
        i === null
          ? words.partRest(output.part.length, output.norms[output.head])
          : words.partHover(i, output.part[i], output.whole[i]),
      ),
  });
  const table = numbersTable(words.table, words.dimension);

  function heads({ head, norm, bias }) {
    const mark = (index) =>
      h('span', { class: index === head ? 'share-head selected' : 'share-head' }, words.shareHead(index));
    const color = (share) => (share < 0 ? '--c-negative' : '--c-resid');
    const rows = Array.from(output.shares, (share, i) => bar(mark(i), share, color(share)));
    if (bias !== 0) rows.push(bar(h('span', { class: 'share-head' }, words.bias_part), bias, color(bias)));
    fill(
      shares,
      h('h4', {}, words.shares),
      h('ol', { class: 'step-bars shares' }, rows),
      h('p', { class: 'dim' }, words.sharesNote(norm)),
    );
  }

  return {
    ...own,
    redraw: strips.redraw,
    show(next) {
      if (!next) return fill(own.body, h('p', { class: 'notice' }, words.noOutput));
      output = next;
      fill(own.body, h('div', { class: 'output-body' }, h('div', {}, place, readout, table.element), shares));
      const rows = [
        { name: words.part, data: output.part, color: '--c-resid' },
        { name: words.whole, data: output.whole },
      ];
      strips.show(rows.map((row) => ({ ...row, label: words.strip })));
      table.show(rows);
      return heads(output);
    },
  };
}
