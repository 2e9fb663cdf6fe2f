// The sampling settings, named as in transformers. They change the draft, and charts preview it at once.

import { fill, h } from '../../core/elements/dom.js';
import { num } from '../../maths/format.js';
import { NEW_TOKENS } from '../../maths/recipe.js';
import { DEFAULTS } from '../../maths/sampling.js';
import { page } from '../words/page.js';

/** @typedef {Exclude<keyof Payload.SamplingSettings, 'do_sample'>} Name */

/**
 * @param {HTMLDetailsElement} root
 * @param {Page.Store} store
 * @param {(change: Partial<Page.Recipe>) => void} patch changes the draft
 */
export function mountSettings(root, store, patch) {
  const set = (/** @type {Partial<Payload.SamplingSettings>} */ change) =>
    patch({ sampling: { ...store.state.draft.sampling, ...change } });
  const greedy = radio(page.greedy, () => set({ do_sample: false }));
  const sample = radio(page.sample, () => set({ do_sample: true }));
  const sliders = [
    slider('temperature', page.temperature, { min: 0.05, max: 3, step: 0.05 }, (v) => num(v, 3)),
    slider('top_k', page.topK, { min: 0, max: 100, step: 1 }, (v) => (v ? num(v) : page.off)),
    slider('top_p', page.topP, { min: 0.05, max: 1, step: 0.01 }, (v) => (v < 1 ? num(v, 3) : page.off)),
    slider('min_p', page.minP, { min: 0, max: 0.5, step: 0.005 }, (v) => (v ? num(v, 3) : page.off)),
    slider('typical_p', page.typicalP, { min: 0.05, max: 1, step: 0.01 }, (v) => (v < 1 ? num(v, 3) : page.off)),
  ];
  const penalties = [
    slider('repetition_penalty', page.repetition, { min: 0.5, max: 2, step: 0.05 }, (v) =>
      v === 1 ? page.off : num(v, 3),
    ),
    slider('presence_penalty', page.presence, { min: -2, max: 2, step: 0.1 }, (v) => (v ? num(v, 2) : page.off)),
    slider('frequency_penalty', page.frequency, { min: -2, max: 2, step: 0.1 }, (v) => (v ? num(v, 2) : page.off)),
  ];
  const seed = number('seed', page.seed, { min: 0, max: 4294967295, step: 1 }, DEFAULTS.seed, (value) =>
    set({ seed: value }),
  );
  const limit = number('max_new_tokens', page.maxNewTokens, { min: 1, step: 1 }, NEW_TOKENS, (value) =>
    patch({ max_new_tokens: value }),
  );
  const stop = h('input', {
    type: 'text',
    id: 'set-stop',
    placeholder: page.stopHint,
    oninput: () => patch({ stop: stop.value ? [stop.value] : [] }),
  });
  const stopRow = h('label', { class: 'number-row' }, h('span', {}, page.stop), stop);
  const summary = h('span', { class: 'dim' });

  /**
   * @param {string} text
   * @param {() => void} onchange
   */
  function radio(text, onchange) {
    const input = h('input', { type: 'radio', name: 'do_sample', onchange });
    return Object.assign(h('label', { class: 'radio' }, input, h('span', {}, text)), { input });
  }

  /**
   * @param {Name} name
   * @param {string} text
   * @param {{ min: number, max: number, step: number }} limits
   * @param {(value: number) => string} format
   */
  function slider(name, text, limits, format) {
    /** @type {HTMLInputElement} */
    const input = h('input', {
      type: 'range',
      id: `set-${name}`,
      ...limits,
      oninput: () => set({ [name]: Number(input.value) }),
    });
    const value = h('output', { for: `set-${name}` });
    const row = h('label', { class: 'slider' }, h('span', {}, text), input, value);
    // A link may hold a text that is no number.
    const show = (/** @type {number | string} */ v) => {
      if (Number(input.value) !== v) input.value = String(v);
      fill(value, typeof v === 'number' ? format(v) : v);
    };
    return { name, row, input, show };
  }

  /**
   * A field that is empty, or not a number yet, means the default; it keeps the typed text.
   * @param {string} name
   * @param {string} text
   * @param {{ min: number, max?: number, step: number }} limits
   * @param {number} usual
   * @param {(value: number) => void} onvalue
   */
  function number(name, text, limits, usual, onvalue) {
    /** @type {HTMLInputElement} */
    const input = h('input', {
      type: 'number',
      id: `set-${name}`,
      placeholder: usual,
      ...limits,
      oninput: () => onvalue(Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : usual),
    });
    return { row: h('label', { class: 'number-row' }, h('span', {}, text), input), input };
  }

  root.append(
    h('summary', {}, `${page.settings}: `, summary),
    h(
      'div',
      { class: 'settings-body' },
      h('div', { class: 'radios', role: 'radiogroup', 'aria-label': page.settings }, greedy, sample),
      h('div', { class: 'number-fields' }, seed.row, limit.row, stopRow),
      h(
        'div',
        { class: 'sliders' },
        sliders.map((s) => s.row),
        penalties.map((s) => s.row),
      ),
    ),
  );

  store.subscribe(({ draft }, changed) => {
    if (!changed.has('draft')) return;
    const { sampling } = draft;
    greedy.input.checked = !sampling.do_sample;
    sample.input.checked = sampling.do_sample;
    for (const { name, show } of penalties) show(sampling[name]);
    for (const { name, row, input, show } of sliders) {
      show(sampling[name]);
      input.disabled = !sampling.do_sample;
      row.classList.toggle('off', !sampling.do_sample);
    }
    seed.input.disabled = !sampling.do_sample;
    for (const [input, value] of /** @type {[HTMLInputElement, number][]} */ ([
      [seed.input, sampling.seed],
      [limit.input, draft.max_new_tokens],
    ])) {
      if (input.valueAsNumber !== value && document.activeElement !== input) input.value = String(value);
    }
    if (document.activeElement !== stop) stop.value = draft.stop[0] ?? '';
    fill(summary, summaryOf(sampling));
  });
}

/**
 * A link may hold a text that is no number: it is shown as it was written, until it is corrected.
 * @param {number | string} value
 */
const plain = (value) => (typeof value === 'number' ? num(value, 3) : value);

/**
 * The settings that differ from the defaults, in one line.
 * @param {Payload.SamplingSettings} sampling
 */
function summaryOf(sampling) {
  const entry = (/** @type {Name} */ name) => page.inSummary(name, plain(sampling[name]));
  const changed = (/** @type {Name[]} */ names) => names.filter((name) => sampling[name] !== DEFAULTS[name]).map(entry);
  const penalties = changed(['repetition_penalty', 'presence_penalty', 'frequency_penalty']);
  if (!sampling.do_sample) return [page.greedy.toLowerCase(), ...penalties].join(' · ');
  const filters = changed(['top_k', 'top_p', 'min_p', 'typical_p']);
  return [entry('temperature'), ...filters, ...penalties, page.inSummary('seed', sampling.seed)].join(' · ');
}
