// The choice of models: a dialog with the models in memory, a field for any other, and a list to learn from.

import { fill, h } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { modelOf } from '../../maths/models.js';
import { models as words } from '../words/models.js';
import { mountList } from './list.js';
import { mountOpening } from './opening.js';

/**
 * @param {string} value
 * @param {string} text
 * @param {string} chosen
 */
const option = (value, text, chosen) => h('option', { value, selected: value === chosen }, text);
/**
 * @param {string} label
 * @param {HTMLElement} input
 */
const field = (label, input) => h('label', { class: 'models-field' }, h('span', { class: 'dim' }, label), input);
/** @param {{ id: string, placeholder?: string }} props */
const textField = (props) =>
  h('input', { type: 'text', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', ...props });

/**
 * Device and number format of the model that is opened next.
 * @param {HTMLElement} root
 * @param {() => void} onchange
 * @param {() => void} reopen
 */
function mountHow(root, onchange, reopen) {
  const device = h('select', { id: 'model-device', onchange: () => change() });
  const dtype = h('select', { id: 'model-dtype', onchange: () => change() });
  const again = h('button', { type: 'button', onclick: reopen }, words.reopen);
  root.append(field(words.device, device), field(words.dtype, dtype), again);
  /** @type {Payload.Choices} */
  let choices = null;

  function change() {
    draw({ device: device.value, dtype: dtype.value });
    onchange();
  }

  /** @param {Pick<Page.ModelChoice, 'device' | 'dtype'>} chosen */
  function draw(chosen) {
    const { devices, dtypes, default_device: usual, default_dtypes: auto } = choices;
    fill(
      device,
      option('', words.auto(words.devices[usual]), chosen.device),
      devices.map((d) => option(d, words.devices[d], chosen.device)),
    );
    fill(
      dtype,
      option('', words.auto(auto[chosen.device || usual]), chosen.dtype),
      dtypes.map((d) => option(d, words.dtypes[d], chosen.dtype)),
    );
  }

  return {
    /**
     * @param {Payload.Choices} known
     * @param {Page.ModelChoice} chosen
     */
    draw(known, chosen) {
      choices = known;
      draw(chosen);
    },
    choice: () => ({ device: device.value, dtype: dtype.value }),
    /** The number format that will be used. */
    format: () => dtype.value || choices.default_dtypes[device.value || choices.default_device],
  };
}

/**
 * Builds the dialog inside `root`; returns a function that opens it.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountModels(root, ctx) {
  const { store, askOf } = ctx;
  const places = {
    now: h('p'),
    held: h('div', { class: 'models-held' }),
    how: h('div', { class: 'models-form' }),
    result: h('div', { class: 'models-result' }),
    list: h('section'),
  };
  const name = textField({ id: 'model-name' });
  const revision = textField({ id: 'model-revision', placeholder: words.revisionHint });
  const nameLabel = h('span', { class: 'dim' });
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    opening.look({ model: name.value.trim(), revision: revision.value.trim(), ...how.choice() });
  };
  const form = h(
    'form',
    { class: 'models-form', onsubmit: submit },
    h('label', { class: 'models-field wide' }, nameLabel, name),
    field(words.revision, revision),
    h('button', { type: 'submit' }, words.check),
  );
  const own = h('section', {}, h('h3', {}, words.own), form);
  const close = () => dialog.close();
  const shut = h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': words.close, title: words.close, onclick: close },
    '×',
  );
  const head = h('div', { class: 'models-head' }, h('h2', { id: 'models-title' }, words.title), shut);
  const body = h(
    'div',
    { class: 'models-body' },
    head,
    h('p', { class: 'dim' }, words.intro),
    places.now,
    places.held,
    places.how,
    own,
    places.result,
    places.list,
  );
  /** @type {HTMLDialogElement} */
  const dialog = h(
    'dialog',
    { class: 'models', 'aria-labelledby': 'models-title', onclick: (event) => event.target === dialog && close() },
    body,
  );
  // The keys of the walk do not work in the dialog.
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  root.append(dialog);

  const opening = mountOpening(places.result, ctx, { ondone: close, onbusy: lock });
  const how = mountHow(
    places.how,
    () => {
      opening.clear();
      list.draw(answer, how.format());
    },
    () => opening.open({ ...modelOf(store.state.draft), ...how.choice() }),
  );
  const list = mountList(places.list, (id) => opening.open({ model: id, revision: '', ...how.choice() }));
  /** @type {Payload.ModelsAnswer} */
  let answer = null;

  /**
   * While a model is being opened, no other can be.
   * @param {boolean} busy
   */
  function lock(busy) {
    for (const control of /** @type {NodeListOf<HTMLButtonElement>} */ (
      body.querySelectorAll('button, input, select')
    )) {
      if (control !== shut && !places.result.contains(control)) control.disabled = busy;
    }
  }

  function draw() {
    const { held } = answer;
    /** @param {Payload.LoadedModel} m */
    const choiceOf = (m) => ({ model: m.model, revision: m.revision, device: m.asked_device, dtype: m.asked_dtype });
    const back = held
      .filter((m) => !m.is_current)
      .map((m) =>
        h(
          'button',
          { type: 'button', class: 'models-back', onclick: () => opening.back(choiceOf(m), m) },
          words.held1(m),
        ),
      );
    fill(
      places.now,
      words.now,
      held.filter((m) => m.is_current).map((m) => h('strong', {}, words.held1(m))),
    );
    fill(places.held, back.length > 0 && h('span', { class: 'dim' }, words.held), back);
    own.hidden = !answer.free;
    const kind = answer.paths ? 'paths' : 'hub';
    fill(nameLabel, words.name[kind]);
    name.placeholder = words.example[kind];
    list.draw(answer, how.format());
  }

  return async function show() {
    if (!dialog.open) dialog.showModal();
    const recipe = store.state.recipe ?? store.state.draft;
    try {
      answer = await askOf(recipe, 'models');
      how.draw(answer.choices, modelOf(recipe));
      draw();
    } catch (error) {
      opening.refuse(explain(error));
    }
  };
}
