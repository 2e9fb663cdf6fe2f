// Every figure and table of the panel that is open, found where it stands: no chart knows of this.

import { fill, h } from '../../core/elements/dom.js';
import { png, svgText } from '../../core/elements/picture.js';
import { zoomOf } from '../../core/elements/pixels.js';
import { save, slug } from '../../core/elements/save.js';
import { explain } from '../../core/errors.js';
import { csv, factRows, tableRows } from '../../maths/csv.js';
import { figures as words } from '../words/export.js';

const SMALLEST = 40;

const large = (node) => {
  const { width, height } = node.getBoundingClientRect();
  return width >= SMALLEST && height >= SMALLEST / 2;
};
const sheet = (rows) => new Blob([csv(rows)], { type: 'text/csv' });
const svgFile = (node) => new Blob([svgText(node)], { type: 'image/svg+xml' });
const plotly = (format) => async (node) =>
  (await fetch(await window.Plotly.toImage(node, { format, scale: format === 'png' ? 2 : 1 }))).blob();

/** What can be made of which elements: [selector, whether it counts, {ending: maker}]. */
/** @type {[string, (node: any) => boolean, Record<string, (node: any) => Blob | Promise<Blob>>][]} */
const KINDS = [
  ['.js-plotly-plot', large, { svg: plotly('svg'), png: plotly('png') }],
  [
    'svg',
    (node) => large(node) && !node.closest('.js-plotly-plot') && !node.parentElement.closest('svg'),
    { svg: svgFile, png },
  ],
  ['canvas', (node) => large(node) && !node.closest('.js-plotly-plot'), { png }],
  ['table', (node) => node.tBodies[0]?.rows.length > 0, { csv: (node) => sheet(tableRows(node)) }],
  ['dl.facts', (node) => node.children.length > 0, { csv: (node) => sheet(factRows(node)) }],
];

/** The words nearest to a figure: its caption, the last heading before it, its label. */
function nameOf(node, root) {
  const caption = node.caption?.textContent.trim();
  if (caption) return caption;
  const heads = [...root.querySelectorAll('h2, h3')].filter(
    (head) => head.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  const last = heads.at(-1)?.textContent.trim();
  return last || node.getAttribute('aria-label') || words.facts;
}

/** [{node, name, makers}] of what is open in `root`, in the order of the page; equal names are numbered. */
function found(root) {
  const all = KINDS.flatMap(([selector, counts, makers]) =>
    [...root.querySelectorAll(selector)].filter(counts).map((node) => ({ node, makers })),
  );
  all.sort((a, b) => (a.node.compareDocumentPosition(b.node) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const seen = new Map();
  return all.map(({ node, makers }) => {
    const name = nameOf(node, root).slice(0, 80);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { node, makers, name: seen.get(name) > 1 ? `${name} (${seen.get(name)})` : name };
  });
}

const openPanel = () => document.querySelector('#tbt .panel:not([hidden])');

/**
 * A list of what there is to take, made anew by `show(root)`, of the open panel unless told; `onfail` hears a sentence.
 * @param {Page.Ctx} ctx
 * @param {any} onfail
 */
export function figureList({ store }, onfail) {
  const list = h('ul', { class: 'figure-list' });

  async function take({ node, name, makers }, ending) {
    const { run, stage } = store.state;
    try {
      const blob = await makers[ending](node);
      save(blob, `token-by-token-${slug(run.recipe.prompt, 24)}-${stage}-${slug(name, 48)}.${ending}`);
    } catch (error) {
      onfail(explain(error));
    }
  }

  function row(item) {
    const mark = (on) => item.node.classList.toggle('figure-marked', on);
    const button = (ending) =>
      h(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'aria-label': words.save(words[ending], item.name),
          onclick: () => take(item, ending),
        },
        words[ending],
      );
    const hear = {
      onpointerenter: () => mark(true),
      onpointerleave: () => mark(false),
      onfocusin: () => mark(true),
      onfocusout: () => mark(false),
    };
    return h(
      'li',
      hear,
      h('span', { class: 'figure-name', title: item.name }, item.name),
      Object.keys(item.makers).map(button),
    );
  }

  return {
    element: h(
      'div',
      { class: 'figures' },
      h('strong', {}, words.title),
      h('span', { class: 'dim' }, words.hint),
      list,
    ),
    show(root = openPanel()) {
      const items = root ? found(root) : [];
      fill(list, items.length ? items.map(row) : h('li', { class: 'dim' }, words.none));
    },
  };
}

/**
 * A small button at the card that is pointed at or has the focus, with the list of that card alone.
 * @param {HTMLElement} stage
 * @param {Page.Ctx} ctx
 */
export function mountFigureButton(stage, ctx) {
  const list = figureList(ctx, (message) => ctx.store.set({ status: { phase: 'error', message } }));
  const box = h('div', { class: 'figure-box', hidden: true }, list.element);
  // By keyboard the same list, of the whole panel, is in the menu above.
  const button = h(
    'button',
    {
      type: 'button',
      class: 'figure-button',
      tabindex: '-1',
      title: words.title,
      'aria-label': words.title,
      hidden: true,
      onclick: toggle,
    },
    '⤓',
  );
  let card = null;
  stage.append(button, box);

  function toggle() {
    box.hidden = !box.hidden;
    if (box.hidden) return;
    list.show(card);
    box.style.top = `${button.offsetTop + button.offsetHeight + 4}px`;
  }

  function at(next) {
    if (next === card || !box.hidden) return;
    card = next;
    button.hidden = !card || !found(card).length;
    if (button.hidden) return;
    button.style.top = `${(card.getBoundingClientRect().top - stage.getBoundingClientRect().top) / zoomOf(stage) - 15}px`;
  }

  const follow = ({ target }) => target.closest('.figure-button, .figure-box') || at(target.closest('.card'));
  stage.addEventListener('pointerover', follow);
  stage.addEventListener('focusin', follow);
  stage.addEventListener('pointerleave', () => at(null));
  document.addEventListener('click', ({ target }) => {
    if (!(/** @type {Element} */ (target).closest?.('.figure-button, .figure-box'))) box.hidden = true;
  });
  ctx.store.subscribe((_, changed) => {
    if (!changed.has('stage')) return;
    box.hidden = true;
    at(null);
  });
}
