// A learned table of positions: the row that is added, and how rows of different positions compare.

import { css } from '../../core/elements/color.js';
import { fill, h } from '../../core/elements/dom.js';
import { unpack } from '../../maths/arrays.js';
import { num } from '../../maths/format.js';
import { matrix } from './charts/matrix.js';
import { axis, plot } from './charts/plotly.js';
import { strips } from './charts/strips.js';
import { signScale } from './near.js';
import { embed as words } from './words/embed.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountLearned(root, ctx) {
  const rowTitle = h('h3');
  const rowPlace = h('div');
  const normPlace = h('div', { class: 'dot-place' });
  const cosinePlace = h('div');
  const note = h('p', { class: 'dim' });
  const readout = h('p', { class: 'readout' }, words.similarityHint);
  const columns = h(
    'div',
    { class: 'columns' },
    h('div', {}, h('h3', {}, words.learnedNorms), normPlace),
    h('div', {}, h('h3', {}, words.learnedCosine), cosinePlace, readout),
  );
  const element = h('div', { class: 'learned', hidden: true }, rowTitle, rowPlace, note, columns);
  root.append(element);
  /** @type {Payload.LearnedPositions & Record<'places' | 'norm' | 'data' | 'selectedRow', Page.Numbers>} */
  let found = null;
  const row = strips(rowPlace, {
    onSelect: () => {},
    onHover: (cell) =>
      fill(
        note,
        cell
          ? `${words.learnedRow(found.selected)} · ${cell.index}: ${cell.value.toPrecision(7)}`
          : words.everyRow(found),
      ),
  });
  const norms = plot(normPlace, ctx.plotlyUrl, { name: 'position-norms', describe: () => words.learnedNorms });
  const cosine = matrix(cosinePlace, {
    name: words.learnedCosine,
    onSelect: () => {},
    onHover: (cell) =>
      fill(
        readout,
        cell ? words.learnedValue(found.places[cell.row], found.places[cell.col], cell.value) : words.similarityHint,
      ),
  });

  function redraw() {
    if (!found) return;
    const { places, norm, selected, selectedRow: data } = found;
    const reach = Math.max(...data.map(Math.abs));
    fill(rowTitle, words.learnedRow(selected));
    /** @type {Page.RowStrip['token']} */
    const token = {
      position: selected,
      id: selected,
      text: String(selected),
      bytes: [],
      partial: false,
      special: false,
    };
    const size = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
    row.show({ rows: [{ token, data, norm: size }], reach, widest: size, selected: -1 });
    fill(note, words.everyRow(found));
    const line = {
      type: 'scatter',
      mode: 'lines',
      x: [...places],
      y: norm,
      line: { color: css('--accent'), width: 2 },
      hovertemplate: 'position %{x}: %{y:.4f}<extra></extra>',
    };
    norms.show(
      [line],
      { xaxis: axis(words.columns[0]), yaxis: axis(words.norm, { rangemode: 'tozero' }), height: 300 },
      'norms',
    );
    const labels = [...places].map((position) => num(position));
    cosine.show({ data: found.data, labels, scale: signScale(), domain: [-1, 1], selected: places.indexOf(selected) });
  }

  return {
    element,
    redraw,
    /** @param {Payload.LearnedPositions} answer */
    show(answer) {
      found = {
        ...answer,
        places: unpack(answer.positions).data,
        norm: unpack(answer.norms).data,
        data: unpack(answer.cosine).data,
        selectedRow: unpack(answer.selected_row).data,
      };
      redraw();
    },
  };
}
