// The overview of all heads: asked for a few layers at a time, drawn as they come; by layer, or ranked by a score.

import { createAsk } from '../../core/ask.js';
import { sequential } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { headsGrid } from './charts/heads.js';
import { rankedHeads } from './charts/ranked_heads.js';
import { loadScores, ranked } from './scores.js';
import { prefill as words } from './words/prefill.js';

const BY_LAYER = 'layer';

/** The colour of a weight from 0 to 1; the square root makes small weights visible. */
export function weightScale() {
  const scale = sequential('--c-query');
  return (t) => scale(Math.sqrt(t));
}

/**
 * One thumbnail out of those of some layers, as `heatmap` takes it.
 * @param {Page.Unpacked} part
 * @param {number} layer
 * @param {number} head
 */
function cut({ data, shape: [, heads, rows, cols] }, layer, head) {
  const from = (layer * heads + head) * rows * cols;
  return { data: data.subarray(from, from + rows * cols), rows, cols };
}

/**
 * The card in `root`; update({run, card, selection, n}, redraw) fills it.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function headsCard(root, { view, select, store }) {
  const said = h('p', { class: 'dim heads-said', 'aria-live': 'off' });
  const gridPlace = h('div', { class: 'heads-place' });
  const listPlace = h('div', { class: 'heads-place', hidden: true });
  const meaning = h('p', { class: 'dim meaning', hidden: true, 'aria-live': 'polite' });
  const options = Object.entries(words.scores.names).map(([value, text]) => h('option', { value }, text));
  const sort = h(
    'select',
    { onchange: () => arrange() },
    h('option', { value: BY_LAYER }, words.scores.byLayer),
    options,
  );
  const order = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: flip }, words.scores.largest);
  const sorting = h(
    'div',
    { class: 'sort' },
    h('label', {}, h('span', { class: 'dim' }, words.scores.label), sort),
    order,
  );
  root.append(h('h2', {}, words.heads), sorting);
  root.append(meaning, gridPlace, listPlace, said);
  const onHover = (cell) => say(cell);
  const grid = headsGrid(gridPlace, { onSelect: select, onHover, words });
  const list = rankedHeads(listPlace, {
    onSelect: ({ layer, head }) => select({ layer, head }),
    onHover,
    label: words.scores.list,
  });
  let now = null;
  const asking = createAsk();
  let maps = new Map();
  let largestFirst = true;
  let group = 1;
  let note = '';
  /** True while no newer maps were asked for. */
  let here = () => false;

  const say = (cell) =>
    fill(said, cell ? words.headName(cell.layer, cell.head, group > 1 ? Math.floor(cell.head / group) : null) : note);
  const seen = () => store.state.run?.key === now.run.key && store.state.stage === 'prefill';

  function tell(text) {
    note = text;
    say(null);
  }

  /** Gives the note that stands when all is there; nothing when somebody looked away, for it begins again then. */
  async function load({ card, n }, isNewest) {
    const scale = weightScale();
    let start = 0;
    while (start < card.n_layers) {
      const found = await view('attention_overview', { layer_start: start, n_positions: n });
      if (!isNewest()) return null;
      // Nobody looks any more: what is still to come is asked for when somebody does again.
      if (!seen()) return asking.forget();
      const part = { start, ...unpack(found.thumbnails) };
      grid.add(part, scale);
      for (let layer = start; layer < found.layer_stop; layer += 1) {
        for (let head = 0; head < part.shape[1]; head += 1)
          maps.set(`${layer} ${head}`, cut(part, layer - start, head));
      }
      start = found.layer_stop;
      tell(start < card.n_layers ? words.loading(start, card.n_layers) : words.headsNote(found.block, found.rule));
    }
    const done = note;
    if (sort.value !== BY_LAYER) await rank();
    return done;
  }

  function clear(card) {
    maps = new Map();
    group = card.n_heads / card.n_kv_heads;
    grid.layout({ layers: card.n_layers, heads: card.n_heads, group, kv: group > 1 });
    // Maps that are made one layer a pass give no scores of all heads.
    sorting.hidden = card.streamed_maps;
    sort.disabled = false;
  }

  async function rank() {
    const name = sort.value;
    const isNewest = here;
    const wanted = () => isNewest() && seen() && sort.value === name;
    fill(meaning, words.scores.meaning[name]);
    const { card, n } = now;
    const found = await loadScores({
      view,
      card,
      n,
      wanted,
      onProgress: (start) => start < card.n_layers && tell(words.scores.loading(start, card.n_layers)),
    });
    if (!found) return;
    const heads = ranked(found, name, largestFirst).map((head) => ({
      ...head,
      map: maps.get(`${head.layer} ${head.head}`),
    }));
    fill(
      meaning,
      words.scores.meaning[name],
      ' ',
      heads.length ? words.scores.over(name, n, found.n_repeats) : (words.scores.none[name] ?? words.scores.one),
    );
    gridPlace.hidden = heads.length > 0;
    listPlace.hidden = !heads.length;
    list.show(heads, weightScale());
    list.select(now.selection.layer, now.selection.head);
  }

  function flip() {
    largestFirst = !largestFirst;
    fill(order, largestFirst ? words.scores.largest : words.scores.smallest);
    arrange();
  }

  function arrange() {
    const byLayer = sort.value === BY_LAYER;
    meaning.hidden = byLayer;
    order.hidden = byLayer;
    if (byLayer) {
      gridPlace.hidden = false;
      listPlace.hidden = true;
    } else if (maps.size === now.card.n_layers * now.card.n_heads) {
      const done = note;
      rank().then(
        () => tell(done),
        (error) => notice(said, explain(error)),
      );
    }
  }

  return {
    update(next, redraw) {
      now = next;
      const { card, selection } = next;
      if (!card) return;
      asking.ask({
        key: JSON.stringify([next.run.key, next.n]),
        again: redraw,
        question(isNewest) {
          here = isNewest;
          clear(card);
          return load(next, isNewest);
        },
        answered: (done) => done && seen() && tell(done),
        // No thumbnails: then there are none to sort, and the reason stays where their note would be.
        refused(error) {
          sort.disabled = true;
          tell(explain(error));
        },
      });
      grid.select(selection.layer, selection.head);
      list.select(selection.layer, selection.head);
    },
  };
}
