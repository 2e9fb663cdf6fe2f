// The overview of all heads: asked for a few layers at a time, drawn as they come.

import { headsGrid } from '../charts/heads.js';
import { unpack } from '../core/arrays.js';
import { sequential } from '../core/color.js';
import { fill, h, notice } from '../core/dom.js';
import { prefill as words } from '../words/prefill.js';

/** The colour of a weight from 0 to 1; the square root makes small weights visible. */
export function weightScale() {
  const scale = sequential('--c-query');
  return (t) => scale(Math.sqrt(t));
}

/** The card in `root`; update({run, card, selection, n}, redraw) fills it. */
export function headsCard(root, { view, select, store }) {
  const said = h('p', { class: 'dim heads-said', 'aria-live': 'off' });
  const place = h('div', { class: 'heads-place' });
  root.append(h('h2', {}, words.heads), place, said);
  const grid = headsGrid(place, { onSelect: select, onHover: (cell) => say(cell), words });
  let drawn = '';
  let group = 1;
  let note = '';

  const say = (cell) => fill(said, cell ? words.headName(cell.layer, cell.head, group > 1 ? Math.floor(cell.head / group) : null) : note);

  async function load({ run, card, n }, key) {
    const scale = weightScale();
    let start = 0;
    while (start < card.n_layers) {
      const found = await view('attention_overview', { layer_start: start, n_positions: n });
      if (key !== drawn || store.state.run?.key !== run.key) return;
      grid.add({ start, ...unpack(found.thumbnails) }, scale);
      start = found.layer_stop;
      note = start < card.n_layers ? words.loading(start, card.n_layers) : words.headsNote(found.block, found.rule);
      say(null);
    }
  }

  return {
    update(now, redraw) {
      const { run, card, selection, n } = now;
      if (!card) return;
      const key = JSON.stringify([run.key, n]);
      if (key !== drawn || redraw) {
        drawn = key;
        group = card.n_heads / card.n_kv_heads;
        grid.layout({ layers: card.n_layers, heads: card.n_heads, group, kv: group > 1 });
        load(now, key).catch((error) => notice(said, error.message));
      }
      grid.select(selection.layer, selection.head);
    },
  };
}
