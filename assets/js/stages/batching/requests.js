// The editor of the requests: prompt, largest number of tokens, arrival.

import { fill, h } from '../../core/elements/dom.js';
import { batching as words } from './words/batching.js';

const MOST = 12;
const SHAPES = [
  { max_new_tokens: 8, arrival: 0 },
  { max_new_tokens: 40, arrival: 0 },
  { max_new_tokens: 16, arrival: 0.3 },
  { max_new_tokens: 24, arrival: 0.6 },
];
const LONGEST = 200;

/** @typedef {{ prompt: string, max_new_tokens: number, arrival: number }} Request */
/**
 * What a visitor types into one row, and the row's buttons.
 * @typedef {{ prompt: HTMLTextAreaElement, max_new_tokens: HTMLInputElement, arrival: HTMLInputElement }} Fields
 * @typedef {Fields & { copy: HTMLButtonElement, remove: HTMLButtonElement }} Row
 */

/**
 * What is typed stays until the visitor removes it.
 * @param {Page.Ctx} ctx
 */
export function requestsEditor({ examples }) {
  const body = h('tbody');
  const element = h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'requests row-blocks' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          words.head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      body,
    ),
  );
  const add = h(
    'button',
    { type: 'button', onclick: () => push({ prompt: rows[0]?.prompt.value ?? '', max_new_tokens: 16, arrival: 0 }) },
    words.add,
  );
  /** @type {Row[]} */
  let rows = [];
  let filled = false;

  /** @param {Request} request */
  function make({ prompt, max_new_tokens: most, arrival }) {
    /** @type {Row} */
    const row = {
      prompt: h('textarea', { rows: 1 }, prompt),
      max_new_tokens: h('input', { type: 'number', min: 1, max: 64, value: most }),
      arrival: h('input', { type: 'number', min: 0, max: 30, step: 0.1, value: arrival }),
      copy: h(
        'button',
        { type: 'button', class: 'quiet', onclick: () => push(read(row), rows.indexOf(row) + 1) },
        words.copy,
      ),
      remove: h('button', { type: 'button', class: 'quiet', onclick: () => drop(row) }, words.remove),
    };
    return row;
  }

  /** @param {Fields} row @returns {Request} */
  const read = (row) => ({
    prompt: row.prompt.value,
    max_new_tokens: row.max_new_tokens.valueAsNumber,
    arrival: row.arrival.valueAsNumber,
  });

  /** @param {Request} request @param {number} [place] */
  function push(request, place = rows.length) {
    if (rows.length >= MOST) return;
    rows.splice(place, 0, make(request));
    draw();
  }

  /** @param {Row} row */
  function drop(row) {
    rows = rows.filter((other) => other !== row);
    draw();
  }

  function draw() {
    add.disabled = rows.length >= MOST;
    rows.forEach((row, i) => {
      row.prompt.setAttribute('aria-label', `${words.prompt} ${i + 1}`);
      row.max_new_tokens.setAttribute('aria-label', `${words.tokens} ${i + 1}`);
      row.arrival.setAttribute('aria-label', `${words.arrival} ${i + 1}`);
    });
    fill(
      body,
      rows.map((row) =>
        h(
          'tr',
          {},
          h('td', {}, row.prompt),
          h('td', { dataset: { name: words.head[1] } }, row.max_new_tokens),
          h('td', { dataset: { name: words.head[2] } }, row.arrival, ' ', words.unit),
          h('td', { class: 'request-tools' }, row.copy, row.remove),
        ),
      ),
    );
  }

  return {
    element,
    add,
    /**
     * Fills the editor the first time: with this run's prompt and those of a few examples, of mixed lengths.
     * @param {Page.Recipe} recipe
     */
    offer({ prompt, chat }) {
      if (filled) return;
      filled = true;
      // Without its template a chat model has nothing to add to a question, and its answer ends at once.
      /** @param {Payload.Example} example */
      const fit = ({ recipe }) => recipe.prompt !== prompt && recipe.prompt.length <= LONGEST && (chat || !recipe.chat);
      const others = examples.filter(fit).map(({ recipe }) => recipe.prompt);
      rows = [prompt.slice(0, LONGEST), ...others]
        .slice(0, SHAPES.length)
        .map((text, i) => make({ prompt: text, ...SHAPES[i] }));
      draw();
    },
    requests: () => rows.map(read),
  };
}
