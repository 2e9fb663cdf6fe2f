// Two models on one prompt: the run that is shown, and the same recipe on another model or in other numbers.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { readLens } from '../../maths/lens.js';
import { modelKey, modelOf } from '../../maths/models.js';
import { shared } from '../../parts/words/shared.js';
import { comparison } from './shown.js';
import { compare as words } from './words/compare.js';

export { compare as formulas } from './words/formulas.js';

const TYPED = 'typed';
const DROPPED = new Error('stopped');

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, runner } = ctx;
  const choice = h('select', { 'aria-label': words.with, onchange: typed });
  const name = h('input', {
    type: 'text',
    placeholder: words.example,
    'aria-label': words.another,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const button = h(
    'button',
    { type: 'button', class: 'primary', onclick: () => (busy ? runner.stop() : begin()) },
    words.go,
  );
  const said = h('p', { class: 'measure-said', role: 'status' });
  const found = h('div', { class: 'measure-found', hidden: true });
  const shown = comparison(found);
  root.append(
    h(
      'div',
      { class: 'card' },
      h('h2', {}, words.title),
      h('p', { class: 'dim' }, words.note),
      h('div', { class: 'kv-controls' }, h('label', { class: 'number-row' }, words.with, choice), name, button),
      said,
    ),
    found,
  );
  let busy = false;
  const asking = createAsk();
  let of = '';

  function typed() {
    name.hidden = choice.value !== TYPED;
  }

  function label(working) {
    busy = working;
    fill(button, busy ? words.stop : words.go);
  }

  const option = (model, title) => h('option', { value: JSON.stringify(model) }, title);
  const group = (title, options) => options.length > 0 && h('optgroup', { label: title }, options);

  function offer({ run, card }) {
    if (!card) return;
    asking.ask({
      key: modelKey(run.recipe) + card.dtype,
      question: () => ctx.askOf(run.recipe, 'models'),
      answered: (models) => showChoices(models, modelOf(run.recipe), card),
      refused(error) {
        asking.forget();
        notice(said, explain(error));
      },
    });
  }

  function showChoices({ listed, others, held, choices, free }, own, card) {
    const there = held.filter((model) => !model.is_current);
    fill(
      choice,
      group(
        words.numbers,
        choices.dtypes
          .filter((dtype) => dtype !== card.dtype)
          .map((dtype) => option({ ...own, dtype }, words.inNumbers(card, dtype))),
      ),
      group(
        words.held,
        there.map((model) =>
          option(
            { model: model.model, revision: model.revision, device: model.asked_device, dtype: model.asked_dtype },
            words.inMemory(model),
          ),
        ),
      ),
      group(
        words.listed,
        [...listed.map(({ id }) => id), ...others].map((id) =>
          option({ model: id, revision: '', device: '', dtype: '' }, id),
        ),
      ),
      free && h('option', { value: TYPED }, words.another),
    );
    typed();
  }

  /** The recipe of the other side: forced tokens are ids of this model's vocabulary. */
  function other({ recipe }) {
    const model =
      choice.value === TYPED
        ? { model: name.value.trim(), revision: '', device: '', dtype: '' }
        : JSON.parse(choice.value);
    return { ...recipe, ...model, forced: [] };
  }

  const ended = (start) =>
    new Promise((resolve, reject) => {
      start((kind) => (kind in shared.ended ? reject(DROPPED) : resolve(kind)));
    });

  async function lensOf(ask, position) {
    let lens = null;
    try {
      for await (lens of readLens(ask, position));
    } catch (error) {
      return { reason: explain(error) };
    }
    return lens;
  }

  /** What is shown of one side; `score` is its prompt's own surprisal. */
  async function side(run, recipe, score) {
    const ask = (view, args) => ctx.askOf(recipe, view, args);
    const [card, latency, lens] = [
      await ask('card'),
      await ask('latency'),
      await lensOf((args) => ask('layers_lens', args), run.tokens.length - 1),
    ];
    return { run, card, latency, lens, score };
  }

  async function scored(recipe) {
    let score = null;
    const end = await ended((done) =>
      runner.job(
        'surprisal',
        {},
        (heard) => {
          score = heard;
        },
        done,
        recipe,
      ),
    );
    return end === 'done' && score;
  }

  async function begin() {
    const { run } = store.state;
    const recipe = other(run);
    if (choice.value === TYPED && !recipe.model) return notice(said, words.nothing);
    of = run.key;
    fill(said);
    label(true);
    try {
      const made = await ended((done) => runner.beside(recipe, run.steps.length, done));
      const scores = made === 'done' && [await scored(run.recipe), await scored(recipe)];
      if (!scores || of !== run.key) return undefined;
      const sides = [await side(run, run.recipe, scores[0]), await side(await runner.whole(recipe), recipe, scores[1])];
      if (of !== run.key) return undefined;
      found.hidden = false;
      fill(said, shown.show(sides));
    } catch (error) {
      if (error !== DROPPED && of === run.key) notice(said, explain(error));
    } finally {
      label(false);
    }
    return undefined;
  }

  return {
    update(state) {
      if (busy && state.status.phase === 'error') label(false);
      offer(state);
      if (of && of !== state.run.key) {
        of = '';
        found.hidden = true;
        fill(said);
      }
    },
  };
}
