// The five cards of one head: each shows one step of the computation, and the result of its check.

import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { num } from '../../maths/format.js';
import { label as tokenLabel } from '../../maths/tokens.js';
import { cells, numbersTable } from './charts/cells.js';
import { stepBar, stepCard } from './step_card.js';
import { head as words } from './words/head.js';

/** @param {string} name @param {string} value */
const line = (name, value) => [h('dt', {}, name), h('dd', {}, value)];

/** q, k and their products as strips that share the pointer. */
export function pairCard() {
  const own = stepCard(1, 'wide');
  const readout = h('p', { class: 'step-readout dim' });
  /** @type {Record<'q' | 'k' | 'products', Page.Numbers>} */
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
    /** @param {typeof pair & { rotated: boolean }} numbers */
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
  const own = stepCard(2);
  own.name(words.score);
  return {
    ...own,
    /** @param {Pick<Payload.OneHead, 'pair' | 'softmax'> & { size: number }} steps */
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
          hidden ? words.hidden[hidden] : words.visible,
        ),
        softmax.first_key > 0 && h('p', { class: 'dim' }, words.window(softmax.first_key)),
      );
    },
  };
}

/**
 * The largest weights, and what is left for the other keys.
 * @param {(position: number) => void} onkey takes a key
 */
export function softmaxCard(onkey) {
  const own = stepCard(3);
  own.name(words.softmax);

  /**
   * @param {number} position
   * @param {number} weight
   * @param {Page.RunToken[]} tokens
   * @param {number} chosen
   */
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
    return stepBar([h('span', { class: 'place dim' }, position), name], weight, '--c-key');
  }

  return {
    ...own,
    /**
     * @param {Pick<Payload.OneHead, 'softmax' | 'pair'> & Record<'positions' | 'weights', Page.Numbers> & {
     *   tokens: Page.RunToken[], chosen: number,
     * }} row
     */
    show({ softmax, pair, positions, weights, tokens, chosen }) {
      const { n_visible: n, rest, sink, sink_weight: share } = softmax;
      /** @param {string} text */
      const plain = (text) => [h('span', { class: 'place' }), h('span', { class: 'dim' }, text)];
      fill(
        own.body,
        h('p', { class: 'formula' }, words.formula(softmax, pair.score, pair.hidden)),
        h(
          'ol',
          { class: 'step-bars' },
          Array.from(positions, (position, i) => key(position, weights[i], tokens, chosen)),
          n > positions.length && stepBar(plain(words.rest(n - positions.length)), rest, '--ink-2'),
          sink !== null && stepBar(plain(words.sink), share, '--c-special'),
        ),
        h('p', { class: 'dim' }, words.formulaNote(n), sink !== null && ` ${words.formulaSink(sink)}`),
      );
    },
  };
}

/** The chosen key's value, its weighted share, and z. */
export function mixCard() {
  const own = stepCard(4, 'wide');
  own.name(words.mix);
  const readout = h('p', { class: 'step-readout dim' });
  /** @type {Record<'value' | 'weighted' | 'z', Page.Numbers> & { entry: Page.Numbers | null; weight: number }} */
  let mix = null;
  const strips = cells(own.body, {
    onHover: (i) =>
      fill(
        readout,
        i === null
          ? [words.mixRest(mix.weight, mix.z.length), mix.entry && ` ${words.mixChanged}`]
          : words.mixHover(i, mix.value[i], mix.weighted[i], mix.z[i], mix.weight),
      ),
  });
  const table = numbersTable(words.table, words.dimension);
  own.body.append(readout, table.element);
  return {
    ...own,
    redraw: strips.redraw,
    /** @param {typeof mix} next */
    show(next) {
      mix = next;
      const rows = [
        { name: words.v, data: mix.value, color: '--c-value' },
        { name: words.weighted, data: mix.weighted },
        { name: words.z, data: mix.z },
        ...(mix.entry ? [{ name: words.entry, data: mix.entry }] : []),
      ];
      strips.show(rows.map((row) => ({ ...row, label: words.strip })));
      table.show(rows);
    },
  };
}

/** The head's part of W_O's output, beside what the other heads give. */
export function outputCard() {
  const own = stepCard(5, 'whole');
  own.name(words.output);
  const readout = h('p', { class: 'step-readout dim' });
  const place = h('div');
  const shares = h('div');
  /**
   * @type {Record<'part' | 'whole' | 'norms' | 'shares', Page.Numbers> & Record<'head' | 'norm' | 'bias', number>}
   */
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

  function showShares() {
    const { head, norm, bias } = output;
    /** @param {number} index */
    const mark = (index) =>
      h('span', { class: index === head ? 'share-head selected' : 'share-head' }, words.shareHead(index));
    /** @param {number} share */
    const color = (share) => (share < 0 ? '--c-negative' : '--c-resid');
    const rows = Array.from(output.shares, (share, i) => stepBar(mark(i), share, color(share)));
    if (bias !== 0) rows.push(stepBar(h('span', { class: 'share-head' }, words.bias_part), bias, color(bias)));
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
    /** @param {typeof output | null} next @param {string} reason */
    show(next, reason) {
      if (!next) {
        fill(own.body, h('p', { class: 'notice' }, words.noOutput(reason)));
        return;
      }
      output = next;
      fill(own.body, h('div', { class: 'output-body' }, h('div', {}, place, readout, table.element), shares));
      const rows = [
        { name: words.part, data: output.part, color: '--c-resid' },
        { name: words.whole, data: output.whole },
      ];
      strips.show(rows.map((row) => ({ ...row, label: words.strip })));
      table.show(rows);
      showShares();
    },
  };
}
