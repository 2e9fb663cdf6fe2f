// The map of the selected head: a tile of at most 256 × 256 cells, for the part and the zoom that are on screen.

import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { attentionMap } from './charts/attention_map.js';
import { weightScale } from './heads.js';
import { prefill as words } from './words/prefill.js';

const LEGEND = [0, 0.05, 0.25, 0.5, 1];

/**
 * Buttons of which one is pressed, with their labels by value.
 * @template {string} V
 * @param {string} name
 * @param {Record<V, string>} labels
 * @param {(value: V) => void} onchoice
 */
function choice(name, labels, onchoice) {
  const values = /** @type {V[]} */ (Object.keys(labels));
  const buttons = values.map((value) =>
    h('button', { type: 'button', class: 'quiet', onclick: () => onchoice(value), dataset: { value } }, labels[value]),
  );
  const root = h(
    'div',
    { class: 'choice', role: 'group', 'aria-label': name },
    h('span', { class: 'dim' }, name),
    buttons,
  );
  return {
    root,
    /** @param {V} value */
    press: (value) =>
      buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.value === value))),
  };
}

/**
 * The card in `root`.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {(scope: Page.MapScope) => void} onScope
 * @param {(query: number, key: number | null) => void} onPick
 */
export function mapCard(root, { view, select, store, point }, onScope, onPick) {
  const title = h('h2');
  const place = h('div', { class: 'map-place' });
  const failure = h('div');
  const readout = h('p', { class: 'map-readout' });
  const caption = h('p', { class: 'dim' });
  const legend = h('div', { class: 'legend-bar dim' });
  const reset = h('button', { type: 'button', class: 'quiet', onclick: () => zoom(null) }, words.reset);
  const scopes = choice(words.scope.label, { prompt: words.scope.prompt, all: words.scope.all }, onScope);
  const rules = choice(words.rule.label, { max: words.rule.max, mean: words.rule.mean }, (value) => {
    rule = value;
    draw(true);
  });
  root.append(
    h('div', { class: 'card-head' }, title, h('div', { class: 'controls' }, scopes.root, rules.root, reset)),
    h('p', { class: 'dim' }, words.mapNote),
    failure,
    place,
    readout,
    legend,
    caption,
  );
  const map = attentionMap(place, { onSelect: pick, onHover: hover, onZoom: zoom });
  /** @type {Page.BlockRule} */
  let rule = 'max';
  /** @type {Page.MapWindow | null} */
  let chosenWindow = null;
  /** @type {Page.AttentionScene} */
  let now = null;
  const asking = createAsk();

  /** @param {Page.MapCell | null} cell */
  function showCell(cell) {
    if (!cell) return fill(readout, h('span', { class: 'dim' }, words.hover));
    const [query, key] = [cell.queries[0], cell.keys[0]];
    const isOne = cell.queries[1] - query === 1 && cell.keys[1] - key === 1;
    /** @param {number} position */
    const name = (position) => [chip(now.tokens[position], { limit: 16 }), ` (${position})`];
    if (cell.masked) return fill(readout, words.cellMasked(name(query), name(key)));
    if (isOne) return fill(readout, words.cell(name(query), name(key), cell.weight));
    return fill(readout, words.cellBlock(cell, rule, cell.weight));
  }

  /**
   * The token strip shows the attention of the query under the pointer, too.
   * @param {Page.MapCell | null} cell
   */
  function hover(cell) {
    showCell(cell);
    point(cell && cell.queries[1] - cell.queries[0] === 1 ? cell.queries[0] : null);
  }

  /**
   * A click on a cell selects its query, and chooses its key for the steps of the head.
   * @param {number} position
   * @param {number} [key]
   */
  function pick(position, key) {
    onPick(position, key ?? null);
    select({ position });
  }

  /** @param {Page.MapWindow | null} window */
  function zoom(window) {
    chosenWindow = window;
    draw(true);
  }

  /** @param {Page.MapTile} tile @param {Page.Scale} scale */
  function showLegend(tile, scale) {
    rules.root.hidden = tile.block === 1;
    rules.press(rule);
    reset.hidden = !chosenWindow;
    fill(caption, tile.block > 1 ? words.block(tile.block, rule) : words.exact(now.n), !tile.exact && words.rounded);
    const stops = LEGEND.map((t) =>
      h('span', {}, h('span', { class: 'swatch', style: { background: `rgb(${scale(t)})` } }), t),
    );
    fill(
      legend,
      h('span', {}, words.scaleKey),
      stops,
      h('span', {}, h('span', { class: 'swatch hatched' }), words.maskKey),
    );
  }

  /** @param {boolean} redraw */
  function draw(redraw) {
    const { run, selection, n } = now;
    const { layer, head, position } = selection;
    if (chosenWindow && Math.max(chosenWindow.q1, chosenWindow.k1) > n) chosenWindow = null;
    const window = chosenWindow ?? { q0: 0, q1: n, k0: 0, k1: n };
    fill(title, words.map(layer, head));
    map.mark(position);
    const args = {
      layer,
      head,
      query_start: window.q0,
      query_stop: window.q1,
      key_start: window.k0,
      key_stop: window.k1,
      rule,
    };
    asking.ask({
      key: JSON.stringify([run.key, args]),
      again: redraw,
      question: () => view('attention_tile', args),
      onanswer: (answer) => show(answer, window),
      onerror: (error) => notice(failure, explain(error)),
    });
  }

  /** @param {Payload.AttentionTileAnswer} answer @param {Page.MapWindow} window */
  function show(answer, window) {
    const { data, shape } = unpack(answer.pattern);
    const tile = { ...answer, data, rows: shape[0], cols: shape[1], first_seen: unpack(answer.first_seen).data };
    const scale = weightScale();
    const { tokens, selection } = now;
    fill(failure);
    map.show({
      tile,
      tokens,
      position: store.state.selection.position,
      scale,
      name: words.mapLabel(selection.layer, selection.head, window),
    });
    showLegend(tile, scale);
    showCell(null);
  }

  return {
    /** @param {Page.AttentionScene} next @param {boolean} redraw */
    update(next, redraw) {
      if (next.run.key !== now?.run.key) chosenWindow = null;
      now = next;
      scopes.root.hidden = next.nFed <= next.run.tokens.length;
      scopes.press(next.n > next.run.tokens.length ? 'all' : 'prompt');
      draw(redraw);
    },
  };
}
