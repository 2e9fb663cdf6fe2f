// The neurons of the selected layer's MLP that write most at the selected position.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { num } from '../../maths/format.js';
import { label } from '../../maths/tokens.js';
import { layers as words } from './words/layers.js';

const SHOWN = 10;
const TOKENS = 6;

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function neuronsCard(root, { view }) {
  /** @type {Page.LayersScene} */
  let now = null;
  const asking = createAsk();
  const title = h('h2');
  const note = h('p', { class: 'dim' });
  const failure = h('div');
  const place = h('div', { class: 'scroll' });
  const mark = checkMark();
  root.append(h('div', { class: 'card-head' }, title), note, failure, place, mark.element);

  /** @param {Payload.MovedToken[]} tokens @param {string} name */
  const chips = (tokens, name) =>
    h(
      'td',
      { class: 'chips', dataset: { name } },
      tokens.slice(0, TOKENS).map((token) => chip(token, { limit: 14, title: words.by(label(token), token.by) })),
    );

  /** @param {Payload.NeuronAnswer} neuron @param {boolean} gated @param {string[]} names */
  function row(neuron, gated, names) {
    const inputs = gated ? [neuron.gate, neuron.up] : [neuron.up];
    const numbers = [neuron.activation, ...inputs, neuron.direction, neuron.effect];
    const cells = numbers.map((value, i) => h('td', { class: 'number', dataset: { name: names[i + 1] } }, num(value)));
    const [raises, lowers] = names.slice(-2);
    return h(
      'tr',
      {},
      h('th', { scope: 'row', dataset: { name: names[0] } }, neuron.index),
      cells,
      chips(neuron.promotes, raises),
      chips(neuron.suppresses, lowers),
    );
  }

  /** @param {Payload.NeuronsAnswer} found */
  function show(found) {
    fill(title, h('span', {}, ...words.neurons(found.layer, chip(now.tokens[found.position]))));
    fill(note, words.neuronsNote(found));
    const head = words
      .neuronColumns(found.gated, chip(found.token, { limit: 12 }))
      .map((name) => h('th', { scope: 'col' }, name));
    const names = head.map((cell) => cell.textContent);
    fill(
      place,
      h(
        'table',
        { class: 'layers-table neurons row-blocks' },
        h('thead', {}, h('tr', {}, head)),
        h(
          'tbody',
          {},
          found.neurons.map((neuron) => row(neuron, found.gated, names)),
        ),
      ),
    );
    mark.show(found.checks);
    fill(failure);
    place.hidden = note.hidden = false;
  }

  /** @param {Page.LayersScene} next */
  function update(next) {
    now = next;
    const { run, position, layer, length } = now;
    asking.ask({
      key: JSON.stringify([run.key, position, layer, length]),
      question: () => view('layers_neurons', { position, layer, k: SHOWN, n_steps: run.steps.length }),
      onanswer: show,
      onerror(error) {
        place.hidden = note.hidden = true;
        fill(title, h('span', {}, ...words.neurons(layer, chip(now.tokens[position]))));
        mark.show([]);
        notice(failure, explain(error));
      },
    });
  }

  return { update };
}
