// Beam search on the same tree: each beam it returns becomes a branch.

import { checkMark } from '../../charts/check.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { rootOf, withBranch } from '../../maths/branches.js';
import { branches as words } from './words/branches.js';

/** @param {number} value @param {number} max */
const field = (value, max) => h('input', { type: 'number', min: 1, max, value });

/**
 * Builds the search inside `root`; `open(recipe)` shows a beam. Returns a function that clears the beams of another prompt.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 * @param {(recipe: Page.Recipe) => void} open
 */
export function mountBeams(root, { store, runner }, open) {
  const nBeams = field(4, 8);
  const nTokens = field(12, 40);
  const found = h('ol', { class: 'beams' });
  const note = h('p', { class: 'dim', role: 'status' });
  const mark = checkMark(found);
  /** @type {string | null} */
  let searchKey = null;
  root.append(
    h('h2', {}, words.beams),
    h('p', { class: 'dim' }, words.beamsNote),
    h(
      'div',
      { class: 'force-row' },
      h('label', { class: 'number-row' }, words.beamsCount, nBeams),
      h('label', { class: 'number-row' }, words.beamsTokens, nTokens),
      h('button', { type: 'button', onclick: search }, words.beamsGo),
    ),
    note,
    mark.element,
    found,
  );

  function search() {
    const { recipe } = store.state;
    searchKey = rootOf(recipe);
    forget();
    runner.job('beams', { num_beams: nBeams.valueAsNumber, max_new_tokens: nTokens.valueAsNumber }, (answer) => {
      keep(answer.beams);
      fill(note, words.beamsDone(answer.beams.length, answer.ms));
      mark.show([answer.check]);
      fill(found, answer.beams.map(row));
    });
  }

  /**
   * Adds all beams to the tree, the best first.
   * @param {Payload.BeamBranch[]} beams
   */
  function keep(beams) {
    const { root: name, list } = store.state.branches;
    const beamBranches = beams.map(({ score, ...branch }, place) => ({
      ...branch,
      name: '',
      beam: { place: place + 1, of: beams.length },
    }));
    store.set({ branches: { root: name, list: beamBranches.reduce(withBranch, list) } });
  }

  /** @param {Payload.BeamBranch} beam */
  const row = (beam) =>
    h(
      'li',
      {},
      h(
        'div',
        { class: 'segment-row' },
        beam.tokens.map(({ token }) => chip(token, { limit: 16 })),
      ),
      h('span', { class: 'dim' }, words.score(beam.score)),
      h('button', { type: 'button', class: 'quiet', onclick: () => open(beam.recipe) }, words.open),
    );

  function forget() {
    fill(found);
    fill(note);
    mark.show([]);
  }

  return () => {
    if (!searchKey || searchKey === rootOf(store.state.recipe)) return;
    searchKey = null;
    forget();
  };
}
