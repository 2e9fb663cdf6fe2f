// The size of the KV cache by arithmetic: this model, variants of it, and known models, on one scale.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { bytes, num } from '../../maths/format.js';
import { cache as words } from './words/cache.js';

const CONTEXTS = [1024, 8192, 32768, 131072];

/**
 * The card in `root`; update({n, card}) fills it.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function sizesCard(root, { view }) {
  const choice = h('select', { onchange: () => load() });
  const window = h('input', { type: 'number', min: 1, max: 1000000, value: 512, onchange: () => load() });
  const table = h('div', { class: 'scroll' });
  root.append(
    h(
      'div',
      { class: 'card-head' },
      h('h2', {}, words.sizes),
      h(
        'div',
        { class: 'kv-controls' },
        h('label', { class: 'number-row' }, words.context, choice),
        h('label', { class: 'number-row' }, words.window, window),
      ),
    ),
    h('p', { class: 'dim' }, words.sizesNote),
    table,
    h('p', { class: 'dim' }, words.kinds),
  );
  /** @type {{ n: number, card: Page.Card }} */
  let now = null;
  const asking = createAsk();

  /** @param {Payload.CacheSize} size @param {number} widest */
  function row(size, widest) {
    const { shape, fits } = size;
    const own = !shape.model_id;
    const details = [words.heads(shape), shape.dtype, words.windowed(shape)].filter(Boolean).join(', ');
    return h(
      'tr',
      { class: shape.name === words.asIs ? 'selected' : '' },
      h(
        'th',
        { scope: 'row', title: shape.model_id },
        h(
          'span',
          {},
          own
            ? [h('strong', {}, shape.kind), shape.name && ` ${shape.name}`]
            : [shape.name, h('span', { class: 'dim' }, ` ${shape.kind}`)],
        ),
        h('span', { class: 'dim kv-details' }, details),
      ),
      h('td', { class: 'number', dataset: { name: words.columns[1] } }, bytes(size.bytes_per_token)),
      h(
        'td',
        {},
        fits
          ? h(
              'div',
              { class: 'share' },
              h(
                'span',
                { class: 'track' },
                h('span', { class: own ? 'bar own' : 'bar', style: { width: `${(100 * size.bytes) / widest}%` } }),
              ),
              h('span', { class: 'value' }, bytes(size.bytes)),
            )
          : h('span', { class: 'dim' }, words.ends(shape.context)),
      ),
    );
  }

  /** @param {Payload.CacheSizes} answer */
  function draw({ sizes }) {
    const own = sizes.filter(({ shape }) => !shape.model_id);
    const others = sizes.filter(({ shape }) => shape.model_id);
    const widest = Math.max(...sizes.filter(({ fits }) => fits).map((size) => size.bytes), 1);
    /** @param {string} title @param {Payload.CacheSize[]} rows */
    const group = (title, rows) =>
      h(
        'tbody',
        {},
        h('tr', { class: 'kv-group' }, h('th', { colspan: 3, scope: 'rowgroup' }, title)),
        rows.map((size) => row(size, widest)),
      );
    fill(
      table,
      h(
        'table',
        { class: 'bars kv-sizes' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            words.columns.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        group(words.here(now.card?.model_id.split('/').at(-1) ?? ''), own),
        group(words.others, others),
      ),
    );
  }

  function load() {
    const args = { n_positions: Number(choice.value), window: window.valueAsNumber };
    asking.ask({
      key: JSON.stringify([args, now.card?.model_id]),
      question: () => view('cache_sizes', args),
      onanswer: draw,
      onerror: (error) => notice(table, explain(error)),
    });
  }

  return {
    /** @param {{ n: number, card: Page.Card }} next */
    update(next) {
      const wasOwn = !now || choice.value === String(now.n);
      const previous = choice.value;
      now = next;
      fill(
        choice,
        [now.n, ...CONTEXTS].map((n, place) => h('option', { value: n }, place ? num(n) : words.thisRun(n))),
      );
      choice.value = wasOwn ? String(now.n) : previous;
      load();
    },
  };
}
