// The model: its diagram, the sizes of its parts, its facts, and the experts that the router picked in this run.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { modelKey } from '../../maths/models.js';
import { diagramCard } from './diagram.js';
import { parametersCard } from './parameters.js';
import { routingCard } from './routing.js';
import { model as words } from './words/model.js';

export { model as formulas } from './words/formulas.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  /** @param {HTMLElement} place @param {string} name */
  const card = (place, name) => place.appendChild(h('div', { class: 'card', id: `model-${name}` }));
  const columns = root.appendChild(h('div', { class: 'model-columns' }));
  const left = columns.appendChild(h('div', { class: 'model-column' }));
  const right = columns.appendChild(h('div', { class: 'model-column' }));
  const routing = routingCard(card(root, 'routing'), ctx);
  const diagram = diagramCard(card(left, 'diagram'), ctx);
  const parameters = parametersCard(card(right, 'parameters'));
  const facts = h('dl', { class: 'model-facts' });
  const checks = checkMark();
  card(right, 'facts').append(
    h('h2', {}, words.facts),
    h('p', { class: 'dim' }, words.factsNote),
    facts,
    h('h3', {}, words.checks),
    checks.element,
  );
  const asking = createAsk();

  /** @param {Page.Run} run */
  function load({ recipe }) {
    asking.ask({
      key: modelKey(recipe),
      question: () => ctx.view('architecture'),
      onanswer(found) {
        diagram.show(found);
        parameters.show(found);
        routing.show(found);
        fill(
          facts,
          words
            .factRows(found)
            .filter(([, value]) => value)
            .map(([name, value]) => h('div', {}, h('dt', { class: 'dim' }, name), h('dd', {}, value))),
        );
        checks.show(found.card.checks);
      },
      onerror(error) {
        asking.forget();
        notice(facts, explain(error));
      },
    });
  }

  return {
    update(state, changed) {
      if (state.card && state.status.phase !== 'running') load(state.run);
      if (changed.has('selection')) diagram.select(state.selection);
      routing.update(state, changed);
    },
  };
}
