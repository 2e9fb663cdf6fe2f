// Text in and text out, and the run in a few figures: the whole story at a glance.

import { fill, h } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { lostNotes } from '../../parts/prompt/lost.js';
import { text as words } from './words/text.js';

export { text as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, { store }) {
  const question = h('div', { class: 'quote', dir: 'auto' });
  const lost = h('div');
  const answer = h('div', { class: 'quote answer', dir: 'auto' });
  const facts = h('dl', { class: 'facts' });
  root.append(
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'card' }, h('h2', {}, words.question), question, lost),
      h('div', { class: 'card' }, h('h2', {}, words.answer), answer),
    ),
    h('div', { class: 'card' }, h('h2', {}, words.figures), facts),
  );

  /** @param {Page.State} state */
  function update({ run, card }) {
    fill(question, run.text_in);
    fill(lost, lostNotes(run));
    fill(
      answer,
      h('span', { class: 'dim' }, run.recipe.chat ? '' : run.text_in),
      h('mark', {}, run.text || (run.steps.length ? '' : words.none)),
    );
    fill(facts, figures(words.facts({ run, card })));
  }

  return { update: () => update(store.state) };
}
