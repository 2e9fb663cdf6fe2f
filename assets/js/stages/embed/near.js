// Which tokens are alike: within the run, and in the whole vocabulary.

import { chip } from '../../core/elements/chip.js';
import { diverging } from '../../core/elements/color.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { label } from '../../maths/tokens.js';
import { card, contains, createRequest } from '../../parts/panel/card.js';
import { matrix } from './charts/matrix.js';
import { legend } from './charts/strips.js';
import { embed as words } from './words/embed.js';

const K = 15;

/**
 * A diverging colour scale for the domain from -1 to 1.
 * @returns {Page.Scale}
 */
export function signScale() {
  const around = diverging();
  return (t) => around(2 * t - 1);
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountSimilarity(root, ctx) {
  const place = h('div');
  const scale = h('div', { class: 'legend' });
  const readout = h('p', { class: 'readout' }, words.similarityHint);
  const summary = h('summary');
  const table = h('div', { class: 'scroll table-box' });
  const part = card(words.similarity, words.similarityNote, scale, place, readout, h('details', {}, summary, table));
  root.append(part.element);
  /** @param {number} i */
  const name = (i) => label(now.tokens[window.start + i]);
  const chart = matrix(place, {
    name: words.similarityName,
    onSelect: (row) => ctx.select({ position: window.start + row }),
    onHover: (cell) =>
      fill(readout, cell ? words.similarityValue(name(cell.row), name(cell.col), cell.value) : words.similarityHint),
  });
  /** @type {Page.TokenWindow & { data: Page.Numbers }} */
  let window = null;
  /** @type {Page.Scene} */
  let now = null;

  const ask = createRequest(ctx, 'embed_similarity', part, (answer) => {
    const { data, shape } = unpack(answer.cosine);
    window = { run: now.run.key, n: answer.n_positions, start: answer.start, count: shape[0], data };
    draw();
  });

  function draw() {
    const { start, count, n, data } = window;
    const labels = now.tokens.slice(start, start + count).map((token) => label(token, 10));
    chart.show({ data, labels, scale: signScale(), domain: [-1, 1], selected: now.position - start });
    legend(scale)(1);
    fill(part.note, words.similarityNote, ' ', count < n && words.windowed(start, start + count, n));
    mark();
  }

  function mark() {
    const { start, count, data } = window;
    const selected = now.position - start;
    chart.mark(selected);
    fill(summary, words.similarityTable(label(now.tokens[now.position])));
    const rows = now.tokens
      .slice(start, start + count)
      .map((token, i) =>
        h(
          'tr',
          {},
          h('td', {}, token.position),
          h('th', { scope: 'row' }, chip(token)),
          h('td', {}, data[selected * count + i].toFixed(4)),
        ),
      );
    fill(
      table,
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            words.columns.map((text) => h('th', { scope: 'col' }, text)),
          ),
        ),
        h('tbody', {}, rows),
      ),
    );
  }

  return {
    /**
     * @param {Page.Changes} changed
     * @param {Page.Scene} at
     */
    update(at, changed) {
      now = at;
      if (!contains(window, now)) ask({ n: now.n, position: now.position }, `${now.run.key}:${now.n}:${now.position}`);
      else if (changed.has('theme')) draw();
      else mark();
    },
  };
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountNearest(root, ctx) {
  const list = h('ol', { class: 'near' });
  const part = card('', '', list);
  root.append(part.element);

  const ask = createRequest(ctx, 'embed_nearest', part, ({ token, neighbours, cosine, vocabulary }) => {
    fill(part.heading, words.nearest(chip(token)));
    fill(part.note, words.nearestNote(neighbours.length, vocabulary));
    fill(
      list,
      neighbours.map((near, i) =>
        h(
          'li',
          {},
          h('span', { class: 'near-name' }, chip(near, { title: words.id(near.id) })),
          h(
            'span',
            { class: 'track' },
            h('span', { class: 'bar', style: { width: `${100 * Math.max(0, cosine[i])}%` } }),
          ),
          h('span', { class: 'value' }, cosine[i].toFixed(3)),
        ),
      ),
    );
  });

  return {
    /** @param {Page.Scene} at */
    update({ tokens, position }) {
      const { id } = tokens[position];
      ask({ token_id: id, k: K }, String(id));
    },
  };
}
