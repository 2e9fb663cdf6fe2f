// The overview of all heads, by layer or ranked by a score: fetched a few layers at a time, and drawn as they arrive.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { sequential } from '../../core/elements/color.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { headsGrid } from './charts/heads.js';
import { rankedHeads } from './charts/ranked_heads.js';
import { loadScores, rankHeads } from './scores.js';
import { prefill as words } from './words/prefill.js';

const BY_LAYER = 'layer';

/**
 * The colour of a weight from 0 to 1; the square root makes small weights visible.
 * @returns {Page.Scale}
 */
export function weightScale() {
  const scale = sequential('--c-query');
  return (t) => scale(Math.sqrt(t));
}

/**
 * One of the thumbnails of some layers.
 * @param {Page.Unpacked} part
 * @param {number} layer
 * @param {number} head
 * @returns {Page.Thumbnail}
 */
function headTile({ data, shape: [, heads, rows, cols] }, layer, head) {
  const from = (layer * heads + head) * rows * cols;
  return { data: data.subarray(from, from + rows * cols), rows, cols };
}

/**
 * The card in `root`.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function headsCard(root, { view, select, store }) {
  const caption = h('p', { class: 'dim heads-said', 'aria-live': 'off' });
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
  const mark = checkMark();
  root.append(meaning, gridPlace, listPlace, mark.element, caption);
  const grid = headsGrid(gridPlace, { onSelect: select, onHover: showName, words });
  const list = rankedHeads(listPlace, {
    onSelect: ({ layer, head }) => select({ layer, head }),
    onHover: showName,
    label: words.scores.list,
  });
  /** @type {Page.AttentionScene} */
  let now = null;
  const asking = createAsk();
  /** @type {Map<string, Page.Thumbnail>} */
  let maps = new Map();
  let largestFirst = true;
  let group = 1;
  let note = '';
  /** True until newer maps are asked for. */
  let isCurrent = () => false;

  const isOnScreen = () => store.state.run?.key === now.run.key && store.state.stage === 'prefill';

  /**
   * The name of a head, or the note when there is none.
   * @param {Page.HeadPlace | null} place
   */
  function showName(place) {
    const name = place && words.headName(place.layer, place.head, group > 1 ? Math.floor(place.head / group) : null);
    fill(caption, name ?? note);
  }

  /** @param {string} text */
  function setNote(text) {
    note = text;
    showName(null);
  }

  /**
   * Gives the last note once all thumbnails are drawn, and nothing if the panel was left: loading then begins again.
   * @param {Page.AttentionScene} next
   * @param {() => boolean} isNewest
   */
  async function load({ card, n }, isNewest) {
    const scale = weightScale();
    let start = 0;
    while (start < card.n_layers) {
      const answer = await view('attention_overview', { layer_start: start, n_positions: n });
      if (!isNewest()) return null;
      // The panel was left: the other layers are fetched when it is opened again.
      if (!isOnScreen()) return void asking.forget();
      const part = { start, ...unpack(answer.thumbnails) };
      grid.add(part, scale);
      for (let layer = start; layer < answer.layer_stop; layer += 1) {
        for (let head = 0; head < part.shape[1]; head += 1)
          maps.set(`${layer} ${head}`, headTile(part, layer - start, head));
      }
      start = answer.layer_stop;
      setNote(start < card.n_layers ? words.loading(start, card.n_layers) : words.headsNote(answer.block, answer.rule));
    }
    const done = note;
    if (sort.value !== BY_LAYER) await rank();
    return done;
  }

  /** @param {Page.Card} card */
  function clear(card) {
    maps = new Map();
    group = card.n_heads / card.n_kv_heads;
    grid.layout({ layers: card.n_layers, heads: card.n_heads, group, kv: group > 1 });
    // If each pass gives the maps of one layer only, the scores of all heads are not available.
    sorting.hidden = card.streamed_maps;
    sort.disabled = false;
  }

  async function rank() {
    const name = /** @type {Page.ScoreName} */ (sort.value);
    const isNewest = isCurrent;
    const isWanted = () => isNewest() && isOnScreen() && sort.value === name;
    fill(meaning, words.scores.meaning[name]);
    const { card, n } = now;
    const scores = await loadScores({
      view,
      card,
      n,
      isWanted,
      onProgress: (done) => done < card.n_layers && setNote(words.scores.loading(done, card.n_layers)),
    });
    if (!scores) return;
    const heads = rankHeads(scores, name, largestFirst).map((head) => ({
      ...head,
      map: maps.get(`${head.layer} ${head.head}`),
    }));
    fill(
      meaning,
      words.scores.meaning[name],
      ' ',
      heads.length ? words.scores.over(name, n, scores.n_repeats) : (words.scores.none[name] ?? words.scores.one),
    );
    mark.show(scores.checks);
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
      mark.show([]);
      gridPlace.hidden = false;
      listPlace.hidden = true;
    } else if (maps.size === now.card.n_layers * now.card.n_heads) {
      const done = note;
      rank().then(
        () => setNote(done),
        (error) => notice(caption, explain(error)),
      );
    }
  }

  return {
    /** @param {Page.AttentionScene} next @param {boolean} redraw */
    update(next, redraw) {
      now = next;
      const { card, selection } = next;
      if (!card) return;
      asking.ask({
        key: JSON.stringify([next.run.key, next.n]),
        again: redraw,
        question(isNewest) {
          isCurrent = isNewest;
          clear(card);
          return load(next, isNewest);
        },
        onanswer: (done) => done && isOnScreen() && setNote(done),
        // Without thumbnails there is nothing to sort, and the reason replaces their note.
        onerror(error) {
          sort.disabled = true;
          setNote(explain(error));
        },
      });
      grid.select(selection.layer, selection.head);
      list.select(selection.layer, selection.head);
    },
  };
}
