// Batching: a few requests, served statically and continuously on the live model.

import { fill, h } from '../../core/elements/dom.js';
import { measurement } from '../../parts/panel/measurement.js';
import { requestsEditor } from './requests.js';
import { servedView } from './served.js';
import { batching as words } from './words/batching.js';

export { batching as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const editor = requestsEditor(ctx);
  const chat = h('p', { class: 'dim', hidden: true }, words.chat);
  const work = measurement(ctx, {
    job: 'batching',
    args: () => ({ requests: editor.requests() }),
    show,
    go: words.go,
    stop: words.stop,
  });
  const results = servedView();
  fill(work.found, results.element);
  root.append(
    h(
      'div',
      { class: 'card' },
      h('h2', {}, words.title),
      h('p', { class: 'dim' }, words.note),
      editor.element,
      chat,
      h('div', { class: 'kv-controls' }, editor.add, work.button),
      work.status,
      work.found,
    ),
  );

  /** @param {Payload.BatchingAnswer} found */
  function show(found) {
    if (!found.static) return undefined;
    // The figures measure the room they have, so their place must be visible first.
    work.found.hidden = false;
    results.show(found);
    return words.summary(found);
  }

  return {
    /** @param {Page.State} state */
    update(state) {
      chat.hidden = !state.run.recipe.chat;
      editor.offer(state.run.recipe);
      work.update(state);
    },
  };
}
