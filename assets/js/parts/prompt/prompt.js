// The visitor's question: prompt, chat template and sampling settings. Nothing runs until Run is pressed.

import { fill, h, toggle } from '../../core/elements/dom.js';
import { same } from '../../maths/same.js';
import { lostNotes } from './lost.js';
import { page } from '../words/page.js';
import { mountSettings } from './settings.js';

/**
 * @param {HTMLElement} parts
 * @param {Page.Ctx} ctx
 */
export function mountAsk(parts, { store, runner, examples }) {
  const patch = (/** @type {Partial<Page.Recipe>} */ change) =>
    store.set({ draft: { ...store.state.draft, ...change } });
  // Forced tokens belong to the answer to another question.
  const asks = (/** @type {Partial<Page.Recipe>} */ change) => patch({ ...change, forced: [] });
  const prompt = h('textarea', {
    id: 'prompt',
    rows: 2,
    dir: 'auto',
    spellcheck: 'false',
    placeholder: page.placeholder,
    oninput: () => asks({ prompt: prompt.value }),
    onkeydown: (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        go();
      }
    },
  });
  const system = h('input', {
    type: 'text',
    id: 'system',
    placeholder: page.systemHint,
    oninput: () => asks({ system: system.value }),
  });
  const systemRow = h('label', { class: 'system', hidden: true }, h('span', {}, page.system), system);
  // Empty, it is the day of the run: the server fills it in, and the run keeps it.
  const date = h('input', { type: 'date', id: 'date', oninput: () => asks({ date: date.value || undefined }) });
  const dateRow = h('label', { class: 'system', hidden: true }, h('span', {}, page.date), date);
  const lost = h('div', { class: 'lost', role: 'status' });
  const chat = toggle(page.chat, false, (on) => asks({ chat: on }), { id: 'chat' });
  chat.title = page.chatTitle;
  const run = h(
    'button',
    { type: 'button', class: 'primary run', title: page.runTitle, onclick: () => go() },
    page.run,
  );
  const step = h('button', { type: 'button', title: page.stepTitle, onclick: () => go(0) }, page.step);
  const release = h('button', { type: 'button', class: 'quiet release', title: page.releaseTitle, onclick: free });
  const stale = h('span', { class: 'stale dim', role: 'status' });
  const chips = examples.map((example) =>
    h(
      'button',
      {
        type: 'button',
        class: 'example',
        title: example.note,
        dataset: { example: example.id },
        onclick: () => choose(example),
      },
      example.title,
    ),
  );

  /** @param {Payload.Example} example */
  function choose(example) {
    // An example is a prompt only: the visitor's settings stay.
    patch({ chat: false, system: '', date: undefined, forced: [], ...example.recipe });
    go();
  }

  function free() {
    patch({ forced: [] });
    go();
  }

  /** @param {number} [nSteps] */
  function go(nSteps) {
    store.set({ stage: nSteps === 0 ? 'prefill' : store.state.stage, step: 0 });
    runner.start(store.state.draft, nSteps, { following: nSteps !== 0 });
  }

  const settings = h('details', { class: 'settings' });
  mountSettings(settings, store, patch);
  parts.append(
    h(
      'section',
      { class: 'ask' },
      h('div', { class: 'examples', role: 'group', 'aria-label': page.examples }, chips),
      h('label', { class: 'visually-hidden', for: 'prompt' }, page.prompt),
      h('div', { class: 'prompt-row' }, prompt, h('div', { class: 'go' }, run, step)),
      h('div', { class: 'under' }, chat, settings, release, stale),
      systemRow,
      dateRow,
      lost,
    ),
  );

  store.subscribe((state, changed) => {
    if (changed.has('draft')) {
      const { draft } = state;
      if (prompt.value !== draft.prompt) prompt.value = draft.prompt;
      if (system.value !== draft.system) system.value = draft.system;
      chat.box.checked = draft.chat;
      systemRow.hidden = !draft.chat;
      if (date.value !== (draft.date ?? '')) date.value = draft.date ?? '';
      release.hidden = !draft.forced.length;
      fill(release, page.release(draft.forced.length));
    }
    if (changed.has('card') && state.card) chat.box.disabled = !state.card.has_chat_template;
    if (changed.has('draft') || changed.has('recipe')) {
      const { draft, recipe } = state;
      dateRow.hidden = !draft.chat || !(draft.date ?? recipe?.date);
      // A draft without a date takes that of the day, as the run did.
      fill(stale, recipe && !same({ ...draft, date: draft.date ?? recipe.date }, recipe) ? page.changed : '');
    }
    if (changed.has('run')) fill(lost, lostNotes(state.run));
  });
  store.set({ draft: { ...store.state.draft } });
}
