// Every figure and table of the open panel, found in the document: the charts need not know of this.

import { fill, h } from '../../core/elements/dom.js';
import { png, svgText } from '../../core/elements/picture.js';
import { zoomOf } from '../../core/elements/pixels.js';
import { save, slug } from '../../core/elements/save.js';
import { explain } from '../../core/errors.js';
import { csv, factRows, tableRows } from '../../maths/csv.js';
import { figures as words } from '../words/export.js';

const SMALLEST = 40;

/** @typedef {'svg' | 'png' | 'csv'} Ending */
/** @typedef {{ [ending in Ending]?: () => Blob | Promise<Blob> }} Makers */
/** @typedef {{ node: Element, name: string, makers: Makers }} Item */

const large = (/** @type {Element} */ node) => {
  const { width, height } = node.getBoundingClientRect();
  return width >= SMALLEST && height >= SMALLEST / 2;
};
const sheet = (/** @type {string[][]} */ rows) => new Blob([csv(rows)], { type: 'text/csv' });
const svgFile = (/** @type {SVGElement} */ node) => new Blob([svgText(node)], { type: 'image/svg+xml' });
const plotly = (/** @type {Ending} */ format) => async (/** @type {Element} */ node) =>
  (await fetch(await window.Plotly.toImage(node, { format, scale: format === 'png' ? 2 : 1 }))).blob();

/**
 * A kind of figure: finds its elements below a root, and what can be made of each.
 * @template {Element} E
 * @param {string} selector
 * @param {(node: E) => boolean} counts
 * @param {{ [ending in Ending]?: (node: E) => Blob | Promise<Blob> }} makers
 */
const kind = (selector, counts, makers) => (/** @type {Element} */ root) => {
  const nodes = /** @type {E[]} */ (/** @type {Element[]} */ ([...root.querySelectorAll(selector)]));
  return nodes.filter(counts).map((node) => ({
    node,
    makers: /** @type {Makers} */ (
      Object.fromEntries(Object.entries(makers).map(([ending, make]) => [ending, () => make(node)]))
    ),
  }));
};

const inPlotly = (/** @type {Element} */ node) => Boolean(node.closest('.js-plotly-plot'));
const inSvg = (/** @type {Element} */ node) => Boolean(node.parentElement.closest('svg'));

const KINDS = [
  kind('.js-plotly-plot', large, { svg: plotly('svg'), png: plotly('png') }),
  kind('svg', (/** @type {SVGElement} */ node) => large(node) && !inPlotly(node) && !inSvg(node), {
    svg: svgFile,
    png,
  }),
  kind('canvas', (/** @type {HTMLCanvasElement} */ node) => large(node) && !inPlotly(node), { png }),
  kind('table', (/** @type {HTMLTableElement} */ node) => node.tBodies[0]?.rows.length > 0, {
    csv: (node) => sheet(tableRows(node)),
  }),
  kind('dl.facts', (node) => node.children.length > 0, { csv: (node) => sheet(factRows(node)) }),
];

/**
 * The text nearest to a figure: its caption, the last heading before it, or its label.
 * @param {Element} node
 * @param {Element} root
 */
function nameOf(node, root) {
  const caption = node instanceof HTMLTableElement && node.caption?.textContent.trim();
  if (caption) return caption;
  const heads = [...root.querySelectorAll('h2, h3')].filter(
    (head) => head.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  const last = heads.at(-1)?.textContent.trim();
  return last || node.getAttribute('aria-label') || words.facts;
}

/**
 * The figures and tables in `root`, in the order of the page; equal names are numbered.
 * @param {Element} root
 * @returns {Item[]}
 */
function itemsIn(root) {
  /** @type {{ node: Element, makers: Makers }[]} */
  const all = KINDS.flatMap((find) => find(root));
  all.sort((a, b) => (a.node.compareDocumentPosition(b.node) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const counter = new Map();
  return all.map(({ node, makers }) => {
    const name = nameOf(node, root).slice(0, 80);
    counter.set(name, (counter.get(name) ?? 0) + 1);
    return { node, makers, name: counter.get(name) > 1 ? `${name} (${counter.get(name)})` : name };
  });
}

const openPanel = () => document.querySelector('#tbt .panel:not([hidden])');

/**
 * A list of the figures and tables that can be saved. `show(root)` fills it, by default from the open panel.
 * @param {Page.Ctx} ctx
 * @param {(message: string) => void} onfail
 */
export function figureList({ store }, onfail) {
  const list = h('ul', { class: 'figure-list' });

  /**
   * @param {Item} item
   * @param {Ending} ending
   */
  async function take({ name, makers }, ending) {
    const { run, stage } = store.state;
    try {
      const blob = await makers[ending]();
      save(blob, `token-by-token-${slug(run.recipe.prompt, 24)}-${stage}-${slug(name, 48)}.${ending}`);
    } catch (error) {
      onfail(explain(error));
    }
  }

  /** @param {Item} item */
  function row(item) {
    const mark = (/** @type {boolean} */ on) => item.node.classList.toggle('figure-marked', on);
    const button = (/** @type {Ending} */ ending) =>
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
    const handlers = {
      onpointerenter: () => mark(true),
      onpointerleave: () => mark(false),
      onfocusin: () => mark(true),
      onfocusout: () => mark(false),
    };
    return h(
      'li',
      handlers,
      h('span', { class: 'figure-name', title: item.name }, item.name),
      /** @type {Ending[]} */ (Object.keys(item.makers)).map(button),
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
    show(/** @type {Element} */ root = openPanel()) {
      const items = root ? itemsIn(root) : [];
      fill(list, items.length ? items.map(row) : h('li', { class: 'dim' }, words.none));
    },
  };
}

/**
 * A small button at the card that is hovered over or has the focus, with the list of that card alone.
 * @param {HTMLElement} stage
 * @param {Page.Ctx} ctx
 */
export function mountFigureButton(stage, ctx) {
  const list = figureList(ctx, (message) => ctx.store.set({ status: { phase: 'error', message } }));
  const box = h('div', { class: 'figure-box', hidden: true }, list.element);
  // Keyboard users find the list of the whole panel in the menu above.
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
  /** @type {Element} */
  let card = null;
  stage.append(button, box);

  function toggle() {
    box.hidden = !box.hidden;
    if (box.hidden) return;
    list.show(card);
    box.style.top = `${button.offsetTop + button.offsetHeight + 4}px`;
  }

  /** @param {Element | null} next */
  function at(next) {
    if (next === card || !box.hidden) return;
    card = next;
    button.hidden = !card || !itemsIn(card).length;
    if (button.hidden) return;
    button.style.top = `${(card.getBoundingClientRect().top - stage.getBoundingClientRect().top) / zoomOf(stage) - 15}px`;
  }

  /** @param {Event} event */
  function follow(event) {
    const target = /** @type {Element} */ (event.target);
    if (!target.closest('.figure-button, .figure-box')) at(target.closest('.card'));
  }
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
