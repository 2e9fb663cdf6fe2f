// What if: other machines, models and loads by formula, marked as estimates; this run beside its own.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { measurement } from '../../parts/panel/measurement.js';
import { whatif as words } from './words/whatif.js';

export { whatif as formulas } from './words/formulas.js';

const PAUSE_MS = 150;
const BITS = { weight_bits: [4, 8, 16, 32], cache_bits: [8, 16, 32] };

const table = (head, rows, kind = '') =>
  h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: `cache-table row-blocks ${kind}` },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(([name, ...cells]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            cells.map((text, i) => h('td', { dataset: { name: head[i + 1] } }, text)),
          ),
        ),
      ),
    ),
  );

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const number = (value, max) => h('input', { type: 'number', min: 1, max, value, oninput: soon });
  const choice = (name) => h('select', { 'aria-label': name, onchange: load });
  const fields = {
    machine: choice(words.machine),
    model: choice(words.model),
    weight_bits: choice(words.bits),
    cache_bits: choice(words.cacheBits),
    n_prompt: number(512, 1_000_000),
    n_context: number(1024, 1_000_000),
    n_users: number(1, 100_000),
  };
  const names = {
    machine: words.machine,
    model: words.model,
    weight_bits: words.bits,
    cache_bits: words.cacheBits,
    n_prompt: words.prompt,
    n_context: words.context,
    n_users: words.users,
  };
  const said = h('p', { class: 'measure-said', role: 'status' });
  const source = h('p', { class: 'dim' });
  const body = h('div');
  const own = h('div');
  const work = measurement(ctx, {
    job: 'roofline',
    args: () => ({}),
    show: measured,
    go: words.measure,
    stop: words.stop,
  });
  const offer = h('div', { class: 'kv-controls' }, work.button, h('span', { class: 'dim' }, words.measureNote));
  root.append(
    h(
      'div',
      { class: 'card estimate' },
      h('h2', {}, words.title, ' ', h('span', { class: 'badge' }, words.badge)),
      h('p', { class: 'dim' }, words.note),
      h(
        'div',
        { class: 'whatif-fields' },
        Object.entries(fields).map(([key, field]) => h('label', {}, h('span', { class: 'dim' }, names[key]), field)),
      ),
      source,
      body,
      said,
      offer,
      own,
    ),
  );
  for (const [name, bits] of Object.entries(BITS))
    fill(
      fields[name],
      bits.map((n) => h('option', { value: n, selected: n === 16 }, words.bit(n))),
    );
  let timer = null;
  const asking = createAsk();
  let of = '';

  const chosen = (field) => Math.max(0, field.selectedIndex);

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(load, PAUSE_MS);
  }

  function measured() {
    // This machine now stands first: what was chosen moves one down, and the new entry is taken.
    fill(fields.machine);
    load();
    return undefined;
  }

  /** @param {Payload.Machine[] | Payload.ModelSize[]} entries */
  function options(field, entries) {
    if (field.options.length === entries.length) return;
    const kept = Math.max(0, field.selectedIndex);
    fill(
      field,
      entries.map(({ name }, i) => h('option', { value: i, selected: i === kept }, name)),
    );
  }

  function load() {
    const numbers = Object.fromEntries(
      ['n_prompt', 'n_context', 'n_users'].map((key) => [key, fields[key].valueAsNumber]),
    );
    const bits = Object.fromEntries(Object.keys(BITS).map((key) => [key, Number(fields[key].value)]));
    const choices = { machine: chosen(fields.machine), model: chosen(fields.model), ...bits, ...numbers };
    asking.ask({
      question: () => ctx.ask('whatif', choices),
      answered: show,
      refused: (error) => notice(said, explain(error)),
    });
  }

  /** @param {Payload.WhatIf} found */
  function show(found) {
    options(fields.machine, found.machines);
    options(fields.model, found.models);
    fill(source, words.source(found.estimate));
    fill(body, table(words.head, words.rows(found.estimate), 'by-formula'));
    fill(said, words.said(found.estimate));
    offer.hidden = found.own !== null;
    fill(own, found.own && [h('h3', {}, words.ownTitle), table(words.ownHead, words.ownRows(found))]);
  }

  return {
    update(state) {
      work.update(state);
      const key = `${state.run.key}:${state.run.steps.length}`;
      if (state.status.phase === 'running' || key === of) return;
      of = key;
      load();
    },
  };
}
