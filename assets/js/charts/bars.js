// Horizontal bars as a real table: readable by screen readers, selectable, and quick to redraw.

import { chip } from '../core/elements/chip.js';
import { fill, h } from '../core/elements/dom.js';
import { num, pct } from '../maths/format.js';

/**
 * `ontake` makes the rows of tokens clickable.
 * @param {string[]} columns
 * @param {{ ontake?: (id: number) => void, takeLabel?: (token: Page.Token) => string }} [options]
 */
export function bars(columns, { ontake, takeLabel } = {}) {
  const head = h(
    'tr',
    {},
    columns.map((name) => h('th', { scope: 'col' }, name)),
  );
  const body = h('tbody');
  const caption = h('caption');
  const table = h('table', { class: 'bars' }, caption, h('thead', {}, head), body);

  /**
   * @param {Page.BarRow} row
   * @param {number} widest
   */
  function row({ token, name, id, logit, probability, preview, selected }, widest) {
    const width = `${(100 * probability) / widest}%`;
    const layers = [h('span', { class: 'bar', style: { width } })];
    if (preview !== null && preview !== undefined) {
      layers.push(h('span', { class: 'bar preview', style: { width: `${(100 * preview) / widest}%` } }));
    }
    const take = ontake &&
      token &&
      !selected && { tag: 'button', type: 'button', title: takeLabel(token), 'aria-label': takeLabel(token) };
    const label = token ? chip(token, { limit: 20, ...take }) : h('span', { class: 'dim' }, name);
    return h(
      'tr',
      // The whole row handles the click; by keyboard it comes from the token's button.
      {
        class: selected ? 'selected' : take ? 'takes' : '',
        'aria-current': selected ? 'true' : null,
        onclick: take && (() => ontake(id)),
      },
      h('th', { scope: 'row' }, label),
      h('td', { class: 'number dim' }, id ?? ''),
      h('td', { class: 'number dim' }, logit === undefined ? '' : num(logit, 4)),
      h(
        'td',
        { class: 'share' },
        h('span', { class: 'track' }, layers),
        h('span', { class: 'value' }, pct(probability)),
      ),
    );
  }

  return {
    element: table,
    /**
     * @param {Page.BarRow[]} rows
     * @param {Page.Child} text the caption
     */
    show(rows, text) {
      const widest = Math.max(...rows.map((r) => Math.max(r.probability, r.preview ?? 0)), 1e-9);
      fill(caption, text);
      fill(
        body,
        rows.map((r) => row(r, widest)),
      );
    },
  };
}
