// Two models on one prompt: the current run, and its recipe on another model or in another number format.

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
  const choice = h('select', { 'aria-label': words.with, onchange: toggleName });
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
  const status = h('p', { class: 'measure-said', role: 'status' });
  const found = h('div', { class: 'measure-found', hidden: true });
  const cards = comparison(found);
  root.append(
    h(
      'div',
      { class: 'card' },
      h('h2', {}, words.title),
      h('p', { class: 'dim' }, words.note),
      h('div', { class: 'kv-controls' }, h('label', { class: 'number-row' }, words.with, choice), name, button),
      status,
    ),
    found,
  );
  let busy = false;
  const asking = createAsk();
  /** The key of the run that is compared. */
  let comparedKey = '';

  function toggleName() {
    name.hidden = choice.value !== TYPED;
  }

  /** @param {boolean} working */
  function label(working) {
    busy = working;
    fill(button, busy ? words.stop : words.go);
  }

  /** @param {Page.ModelChoice} model @param {string} title */
  const option = (model, title) => h('option', { value: JSON.stringify(model) }, title);
  /** @param {string} title @param {HTMLElement[]} options */
  const group = (title, options) => options.length > 0 && h('optgroup', { label: title }, options);

  /** @param {Page.State} state */
  function offer({ run, card }) {
    if (!card) return;
    asking.ask({
      key: modelKey(run.recipe) + card.dtype,
      question: () => ctx.askOf(run.recipe, 'models'),
      onanswer: (models) => showChoices(models, modelOf(run.recipe), card),
      onerror(error) {
        asking.forget();
        notice(status, explain(error));
      },
    });
  }

  /** @param {Payload.ModelsAnswer} models @param {Page.ModelChoice} own @param {Page.Card} card */
  function showChoices({ listed, others, held, choices, free }, own, card) {
    const otherModels = held.filter((model) => !model.is_current);
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
        otherModels.map((model) =>
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
    toggleName();
  }

  /**
   * The recipe of the other side. It has no forced tokens: their ids belong to this model's vocabulary.
   * @param {Page.Run} run
   * @returns {Page.Recipe}
   */
  function other({ recipe }) {
    /** @type {Page.ModelChoice} */
    const model =
      choice.value === TYPED
        ? { model: name.value.trim(), revision: '', device: '', dtype: '' }
        : JSON.parse(choice.value);
    return { ...recipe, ...model, forced: [] };
  }

  /**
   * How the work that `start` begins has ended; rejects when it was stopped.
   * @param {(done: Page.OnEnd) => void} start
   * @returns {Promise<Page.EndKind>}
   */
  const outcomeOf = (start) =>
    new Promise((resolve, reject) => {
      start((kind) => (kind in shared.ended ? reject(DROPPED) : resolve(kind)));
    });

  /** @param {Page.Ask} ask @param {number} position @returns {Promise<Pick<Page.Side, 'lens' | 'noLens'>>} */
  async function lensOf(ask, position) {
    /** @type {Page.Lens | null} */
    let lens = null;
    try {
      for await (lens of readLens((args) => ask('layers_lens', args), position));
    } catch (error) {
      return { lens: null, noLens: explain(error) };
    }
    return { lens };
  }

  /**
   * Asks for all that is shown of one side; `score` is the surprisal of its prompt.
   * @param {Page.Run} run
   * @param {Page.Recipe} recipe
   * @param {Payload.SurprisalAnswer | null} score
   * @returns {Promise<Page.Side>}
   */
  async function side(run, recipe, score) {
    /** @type {Page.Ask} */
    const ask = (view, args) => ctx.askOf(recipe, view, args);
    const [card, latency, lens] = [await ask('card'), await ask('latency'), await lensOf(ask, run.tokens.length - 1)];
    return { run, card, latency, score, ...lens };
  }

  /** @param {Page.Recipe} recipe */
  async function scoreOf(recipe) {
    /** @type {Payload.SurprisalAnswer | null} */
    let score = null;
    const end = await outcomeOf((done) =>
      runner.job(
        'surprisal',
        {},
        (answer) => {
          score = answer;
        },
        done,
        recipe,
      ),
    );
    return end === 'done' ? score : null;
  }

  async function begin() {
    const { run } = store.state;
    const recipe = other(run);
    if (choice.value === TYPED && !recipe.model) return notice(status, words.nothing);
    comparedKey = run.key;
    fill(status);
    label(true);
    try {
      const outcome = await outcomeOf((done) => runner.runOther(recipe, run.steps.length, done));
      const scores = outcome === 'done' && [await scoreOf(run.recipe), await scoreOf(recipe)];
      if (!scores || comparedKey !== run.key) return undefined;
      const sides = [
        await side(run, run.recipe, scores[0]),
        await side(await runner.fetchWhole(recipe), recipe, scores[1]),
      ];
      if (comparedKey !== run.key) return undefined;
      found.hidden = false;
      fill(status, cards.show(sides));
    } catch (error) {
      if (error !== DROPPED && comparedKey === run.key) notice(status, explain(error));
    } finally {
      label(false);
    }
    return undefined;
  }

  return {
    update(state) {
      if (busy && state.status.phase === 'error') label(false);
      offer(state);
      if (comparedKey && comparedKey !== state.run.key) {
        comparedKey = '';
        found.hidden = true;
        fill(status);
      }
    },
  };
}
