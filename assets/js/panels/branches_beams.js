// Beam search as an explorer of the same tree: each beam it returns can be opened as a branch.

import { forcing } from '../core/branches.js';
import { fill, h } from '../core/dom.js';
import { chip } from '../core/tokens.js';
import { branches as words } from '../words/branches.js';

const field = (value, max) => h('input', { type: 'number', min: 1, max, value });

/** Builds the search inside `root`; `open(recipe)` shows a beam. Returns a function that redraws. */
export function mountBeams(root, { store, runner }, open) {
  const nBeams = field(4, 8);
  const nTokens = field(12, 40);
  const found = h('ol', { class: 'beams' });
  const note = h('p', { class: 'dim', role: 'status' });
  let of = null;
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
    found,
  );

  function search() {
    const { recipe } = store.state;
    of = JSON.stringify([recipe.prompt, recipe.chat, recipe.system]);
    fill(found);
    fill(note);
    runner.job('beams', { num_beams: nBeams.valueAsNumber, max_new_tokens: nTokens.valueAsNumber }, ({ beams, ms: time }) => {
      fill(note, words.beamsDone(beams.length, time));
      fill(
        found,
        beams.map((beam) =>
          h(
            'li',
            {},
            h('div', { class: 'segment-row' }, beam.tokens.map((token) => chip(token, { limit: 16 }))),
            h('span', { class: 'dim' }, words.score(beam.score)),
            h('button', { type: 'button', class: 'quiet', onclick: () => open({ ...forcing(recipe, beam.tokens.map((t) => t.id)), max_new_tokens: beam.tokens.length }) }, words.open),
          ),
        ),
      );
    });
  }

  return () => {
    const { recipe } = store.state;
    if (of && of !== JSON.stringify([recipe.prompt, recipe.chat, recipe.system])) {
      of = null;
      fill(found);
      fill(note);
    }
  };
}
