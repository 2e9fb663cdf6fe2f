// The sizes of the parts: one bar, a table, and the proof that nothing is left out.

import { splitBar } from '../../charts/split.js';
import { fill, h } from '../../core/elements/dom.js';
import { bytes, num, pct } from '../../maths/format.js';
import { model as words } from './words/model.js';

/** @param {number[]} list */
const sum = (list) => list.reduce((total, value) => total + value, 0);

/**
 * The card in `root`; show(found) fills it.
 * @param {HTMLElement} root
 */
export function parametersCard(root) {
  const place = h('div');
  const table = h('div', { class: 'scroll' });
  const proof = h('p', { class: 'model-proof' });
  const summary = h('p', { class: 'measure-said' });
  root.append(
    h('h2', {}, words.parameters),
    h('p', { class: 'dim' }, words.parametersNote),
    place,
    table,
    proof,
    summary,
  );

  /**
   * How many parameters of part `i` one block has, as a span where blocks differ; blocks without any do not count.
   * @param {number[][]} byLayer
   * @param {number} i
   */
  function oneBlock(byLayer, i) {
    const present = byLayer.map((layer) => layer[i]).filter((n) => n > 0);
    return present.length ? words.span(Math.min(...present), Math.max(...present)) : '–';
  }

  /** @param {Payload.ArchitectureAnswer} found @param {string} part @param {number} i @param {boolean} routed */
  function row(found, part, i, routed) {
    const { total, active, bytes: size, by_layer: byLayer, model_total: whole } = found.parameters;
    const cells = [
      oneBlock(byLayer, i),
      num(total[i]),
      pct(total[i] / whole),
      bytes(size[i]),
      routed && num(active[i]),
    ];
    return h(
      'tr',
      { dataset: { part } },
      h('th', { scope: 'row' }, h('span', { class: `swatch part-${part}` }), words.parts[part]),
      cells.filter((text) => typeof text === 'string').map((text) => h('td', {}, text)),
    );
  }

  /** @param {Payload.ArchitectureAnswer} found */
  function show(found) {
    const { parameters, card } = found;
    const { parts, total, active, bytes: size, by_layer: byLayer, model_total: whole } = parameters;
    const present = parts.map((part, i) => ({ part, i, value: total[i] })).filter(({ value }) => value > 0);
    const routed = sum(active) !== sum(total);
    fill(
      place,
      splitBar(
        words.all,
        present.map(({ part, value }) => ({ name: words.parts[part], kind: part, value })),
        num,
      ),
    );
    const tied =
      card.tied_embeddings &&
      h(
        'tr',
        { class: 'dim' },
        h('th', { scope: 'row' }, h('span', { class: 'swatch part-embedding' }), words.parts.unembedding),
        h('td', { colspan: routed ? 5 : 4 }, words.tied),
      );
    const blocks = byLayer.map(sum);
    const last = [
      words.span(Math.min(...blocks), Math.max(...blocks)),
      num(sum(total)),
      pct(1),
      bytes(sum(size)),
      routed && num(sum(active)),
    ];
    fill(
      table,
      h(
        'table',
        { class: 'cache-table model-parameters' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            [...words.columns, routed && words.active].filter(Boolean).map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          present.map(({ part, i }) => row(found, part, i, routed)),
          tied,
        ),
        h(
          'tfoot',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, words.total),
            last.filter((text) => typeof text === 'string').map((text) => h('td', {}, text)),
          ),
        ),
      ),
    );
    fill(proof, words.sum(sum(total), whole));
    const largest = present.reduce((a, b) => (b.value > a.value ? b : a));
    fill(summary, words.largestPart(parameters, largest), ' ', routed && words.activePart(sum(active), whole));
  }

  return { show };
}
