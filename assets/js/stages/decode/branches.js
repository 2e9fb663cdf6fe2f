// The runs of one prompt as a tree with shared beginnings; two of them side by side; beam search.

import { hasAny } from '../../core/state/store.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { joint, perplexity, tree } from '../../maths/branches.js';
import { chance, num } from '../../maths/format.js';
import { label } from '../../maths/tokens.js';
import { page } from '../../parts/words/page.js';
import { mountBeams } from './beams.js';
import { branches as words } from './words/branches.js';

export { branches as formulas } from './words/formulas.js';

const MAX_SHADE = 10;

/**
 * A token shaded by its surprisal; its title gives the number.
 * @param {Payload.BranchToken} entry
 */
function withShade(entry) {
  const share = Math.min(1, entry.surprisal / MAX_SHADE);
  const text = words.surprisal(label(entry.token), entry.surprisal, entry.probability);
  return chip(entry.token, {
    limit: 16,
    class: entry.forced ? 'forced' : '',
    title: text,
    style: { '--shade': `${Math.round(70 * share)}%` },
  });
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @returns {Page.Panel}
 */
export function mount(root, ctx) {
  const { store, runner } = ctx;
  /** @type {string[]} */
  let pairKeys = [];
  const list = h('div', { class: 'tree' });
  const hint = h('p', { class: 'dim' });
  const pair = h('div', { class: 'card' });
  const beams = h('div', { class: 'card' });
  root.append(
    h(
      'div',
      { class: 'card' },
      h('h2', {}, words.title),
      h('p', { class: 'dim' }, words.note(store.state.card)),
      h('div', { class: 'scroll' }, list),
      hint,
    ),
    pair,
    beams,
  );
  const drawBeams = mountBeams(beams, ctx, open);

  /** @param {Page.Recipe} recipe */
  function open(recipe) {
    store.set({ draft: recipe });
    runner.start(recipe, null, { following: false });
  }

  /** @param {string} key @param {Partial<Page.Branch> | null} patch null removes the branch */
  function change(key, patch) {
    const { root: name, list: all } = store.state.branches;
    const next = patch ? all.map((b) => (b.key === key ? { ...b, ...patch } : b)) : all.filter((b) => b.key !== key);
    store.set({ branches: { root: name, list: next } });
  }

  /** @param {string} key @param {boolean} on */
  function pick(key, on) {
    pairKeys = on ? [...pairKeys, key].slice(-2) : pairKeys.filter((k) => k !== key);
    draw(store.state);
  }

  /** @param {Page.Branch} branch */
  function leaf(branch) {
    const current = branch.key === store.state.run.key;
    const tick = h('input', { type: 'checkbox', onchange: () => pick(branch.key, tick.checked) });
    tick.checked = pairKeys.includes(branch.key);
    const name = h('input', {
      type: 'text',
      class: 'branch-name',
      placeholder: words.rename,
      'aria-label': words.rename,
      onchange: () => change(branch.key, { name: name.value }),
    });
    name.value = branch.name;
    return h(
      'li',
      { class: current ? 'leaf shown' : 'leaf' },
      h('span', { class: 'dim' }, words.leaf(branch, page.ended)),
      current
        ? h('span', { class: 'badge' }, words.shown)
        : h('button', { type: 'button', class: 'quiet', onclick: () => open(branch.recipe) }, words.open),
      h('label', { class: 'toggle dim' }, tick, words.compare),
      name,
      !current && h('button', { type: 'button', class: 'quiet', onclick: () => change(branch.key, null) }, words.prune),
    );
  }

  /** @param {Page.Segment} node @returns {HTMLElement} */
  function segment(node) {
    return h(
      'li',
      {},
      h(
        'div',
        { class: 'segment-row' },
        node.tokens.map(withShade),
        h('span', { class: 'upto dim' }, chance(node.upto)),
      ),
      h('ul', {}, node.leaves.map(leaf), node.children.map(segment)),
    );
  }

  /** @param {Page.Branch} branch */
  function side(branch) {
    return h(
      'div',
      { class: 'side' },
      h('h3', {}, branch.name || words.leaf(branch, page.ended)),
      h('div', { class: 'quote', dir: 'auto' }, branch.text),
      h(
        'dl',
        { class: 'facts' },
        h(
          'div',
          { class: 'fact' },
          h('dt', {}, words.perplexity),
          h('dd', {}, h('strong', {}, num(perplexity(branch))), h('span', { class: 'dim' }, words.perplexityNote)),
        ),
        h(
          'div',
          { class: 'fact' },
          h('dt', {}, words.joint),
          h('dd', {}, h('strong', {}, chance(joint(branch.tokens)))),
        ),
      ),
      h('div', { class: 'segment-row' }, branch.tokens.map(withShade)),
    );
  }

  /** @param {Page.State} state */
  function draw({ branches }) {
    const all = branches.list;
    pairKeys = pairKeys.filter((key) => all.some((b) => b.key === key));
    fill(list, h('ul', {}, tree(all).map(segment)));
    fill(hint, all.length < 2 ? words.one : words.shade);
    const two = pairKeys.map((key) => all.find((b) => b.key === key));
    fill(
      pair,
      h('h2', {}, words.compareTitle),
      two.length === 2 ? h('div', { class: 'columns' }, two.map(side)) : h('p', { class: 'dim' }, words.pick),
    );
    drawBeams();
  }

  return {
    update(state, changed) {
      // Not on every change: a redraw would discard a name that is being typed.
      if (hasAny(changed, ['branches', 'run'])) draw(state);
    },
  };
}
