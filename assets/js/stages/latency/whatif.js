// What if: estimates by formula for other machines, models and loads, and this run beside its own estimate.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { measurement } from '../../parts/panel/measurement.js';
import { whatif as words } from './words/whatif.js';

export { whatif as formulas } from './words/formulas.js';

const PAUSE_MS = 150;

/** @param {string[]} head @param {string[][]} rows @param {string} [kind] */
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
  /** @param {number} value @param {number} max */
  const number = (value, max) => h('input', { type: 'number', min: 1, max, value, oninput: soon });
  /** @param {string} name */
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
  /** @type {[name: string, field: HTMLElement][]} */
  const named = [
    [words.machine, fields.machine],
    [words.model, fields.model],
    [words.bits, fields.weight_bits],
    [words.cacheBits, fields.cache_bits],
    [words.prompt, fields.n_prompt],
    [words.context, fields.n_context],
    [words.users, fields.n_users],
  ];
  const summary = h('p', { class: 'measure-said', role: 'status' });
  const source = h('p', { class: 'dim' });
  const body = h('div');
  const own = h('div');
  const mark = checkMark();
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
        named.map(([name, field]) => h('label', {}, h('span', { class: 'dim' }, name), field)),
      ),
      source,
      body,
      summary,
      offer,
      own,
      mark.element,
    ),
  );
  /** @param {number} n */
  const bits = (n) => h('option', { value: n, selected: n === 16 }, words.bit(n));
  fill(fields.weight_bits, [4, 8, 16, 32].map(bits));
  fill(fields.cache_bits, [8, 16, 32].map(bits));
  let timer = 0;
  const asking = createAsk();
  let lastKey = '';

  /** @param {HTMLSelectElement} field */
  const selectedIndex = (field) => Math.max(0, field.selectedIndex);

  function soon() {
    clearTimeout(timer);
    timer = window.setTimeout(load, PAUSE_MS);
  }

  /** @returns {undefined} */
  function measured() {
    // This machine now comes first in the list: an emptied list is filled again with its first entry selected.
    fill(fields.machine);
    load();
    return undefined;
  }

  /** @param {HTMLSelectElement} field @param {Payload.Machine[] | Payload.ModelSize[]} entries */
  function options(field, entries) {
    if (field.options.length === entries.length) return;
    const selected = Math.max(0, field.selectedIndex);
    fill(
      field,
      entries.map(({ name }, i) => h('option', { value: i, selected: i === selected }, name)),
    );
  }

  function load() {
    const choices = {
      machine: selectedIndex(fields.machine),
      model: selectedIndex(fields.model),
      weight_bits: Number(fields.weight_bits.value),
      cache_bits: Number(fields.cache_bits.value),
      n_prompt: fields.n_prompt.valueAsNumber,
      n_context: fields.n_context.valueAsNumber,
      n_users: fields.n_users.valueAsNumber,
    };
    asking.ask({
      question: () => ctx.ask('whatif', choices),
      onanswer: show,
      onerror: (error) => notice(summary, explain(error)),
    });
  }

  /** @param {Payload.WhatIf} found */
  function show(found) {
    options(fields.machine, found.machines);
    options(fields.model, found.models);
    fill(source, words.source(found.estimate));
    fill(body, table(words.head, words.rows(found.estimate), 'by-formula'));
    fill(summary, words.summary(found.estimate));
    offer.hidden = found.own !== null;
    mark.show(found.checks);
    fill(own, found.own && [h('h3', {}, words.ownTitle), table(words.ownHead, words.ownRows(found))]);
  }

  return {
    update(state) {
      work.update(state);
      const key = `${state.run.key}:${state.run.steps.length}`;
      if (state.status.phase === 'running' || key === lastKey) return;
      lastKey = key;
      load();
    },
  };
}
