// The words of the routing of a run's tokens to experts.

import { count, num, pct } from '../../../maths/format.js';

export const routing = {
  title: 'Which experts the router picked',
  note: 'A hook on each router and its experts, in one more pass over this run: what the experts are handed is what is shown.',
  dense: 'This model is dense: it has no experts and no router, and every token passes through all its weights.',
  go: 'Trace the router',
  stop: 'Stop',
  show: 'show',
  top: 'the expert with the largest weight',
  /** @param {number} i */
  layer: (i) => `layer ${i}`,
  /** @param {number} i */
  expert: (i) => `expert ${i}`,
  /** @param {number} position @param {number} layer @param {string} token @param {[number, number][]} choices */
  readout: (position, layer, token, choices) =>
    `position ${position} ${token}, layer ${layer}: ${choices.map(([e, w]) => `expert ${e} with ${num(w)}`).join(', ')}`,
  /** @param {number} from @param {number} to */
  grid: (from, to) => `Layers with experts downward, positions ${from} to ${to} across`,
  gridKeys: 'Arrow keys move the selection.',
  shade: 'Stronger colour: a larger weight.',
  /** @param {number} i */
  position: (i) => `Position ${i} in every layer`,
  choiceColumns: ['layer', 'experts and their weights'],
  load: 'How evenly the experts were used',
  /** @param {number} n @param {number} k @param {number} e */
  loadNote: (n, k, e) =>
    `How often each expert was picked, over all ${count(n, 'position')}. Evenly used, each would have ${pct(k / e)} of the positions.`,
  /** @param {number} layer @param {number} expert @param {number} n @param {number} share */
  loadCell: (layer, expert, n, share) => `layer ${layer}, expert ${expert}: ${count(n, 'position')}, ${pct(share)}`,
  loadColumns: ['layer', 'positions that each expert was given, from expert 0'],
  asNumbers: 'As numbers',
  /** @param {Payload.Routing} found @param {{ layer: number, expert: number, share: number }} most */
  summary: (found, most) =>
    `${count(found.n_positions, 'position')} through ${count(found.layers.length, 'layer')} in ${num(found.seconds, 2)} s. The most used is expert ${most.expert} of layer ${most.layer}: ${pct(most.share)} of the positions. ` +
    (found.by_logits === 1
      ? 'The chosen are everywhere those with the largest router logits.'
      : `In ${pct(found.by_logits)} of the places the chosen are those with the largest router logits; elsewhere this router’s own rule (groups, or a correction of its scores) chose otherwise.`),
};
