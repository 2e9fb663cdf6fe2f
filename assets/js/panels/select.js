// How one token was selected from the distribution, and how it goes back to the input.

import { fill, h, svg } from '../core/dom.js';
import { pct } from '../core/format.js';
import { candidate, chip, label } from '../core/tokens.js';
import { decode as decodeWords, select as words } from '../words/decode.js';

const WIDTH = 1000;
const HEIGHT = 64;
const NARROWEST_LABEL = 60;

function funnel(now) {
  const rows = [{ name: words.stageRow.start, kept: now.candidates.vocabulary, note: '' }];
  for (const stage of now.stages) {
    const note = stage.name === 'temperature' ? words.scaled(stage.setting) : words.removed(stage.removed);
    rows.push({ name: `${words.stageRow[stage.name]} ${stage.setting}`, kept: stage.kept, note });
  }
  const widest = Math.log1p(now.candidates.vocabulary);
  return rows.map(({ name, kept, note }) =>
    h(
      'li',
      {},
      h('span', { class: 'stage-name' }, name),
      h('span', { class: 'track' }, h('span', { class: 'bar', style: { width: `${(100 * Math.log1p(kept)) / widest}%` } })),
      h('span', { class: 'value' }, words.kept(kept)),
      h('span', { class: 'dim' }, note),
    ),
  );
}

/** The candidates side by side on [0, 1), each as wide as its share, with the drawn number on them. */
function cumulative(now) {
  const { candidates } = now;
  let left = 0;
  const parts = [];
  for (let place = 0; place < candidates.token_ids.length; place += 1) {
    const share = candidates.chosen_from[place];
    if (share <= 0) break;
    const text = label(candidate(candidates, place), 10);
    const selected = candidates.token_ids[place] === now.token.id;
    const x = left * WIDTH;
    const width = share * WIDTH;
    parts.push(svg('rect', { x, y: 16, width: Math.max(width - 1, 0.5), height: 28, class: selected ? 'segment selected' : 'segment' }, svg('title', {}, `${text} ${pct(share)}`)));
    if (width > NARROWEST_LABEL) parts.push(svg('text', { x: x + width / 2, y: 35, class: selected ? 'on' : '' }, text));
    left += share;
  }
  if (left < 0.9995) {
    parts.push(svg('rect', { x: left * WIDTH, y: 16, width: (1 - left) * WIDTH, height: 28, class: 'segment rest' }, svg('title', {}, `${words.others} ${pct(1 - left)}`)));
  }
  const at = now.draw * WIDTH;
  parts.push(svg('path', { d: `M ${at} 48 L ${at} 12`, class: 'needle' }), svg('path', { d: `M ${at - 6} 4 h 12 l -6 9 z`, class: 'needle-head' }));
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(svg('text', { x: tick * WIDTH, y: 60, class: 'tick', 'text-anchor': tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle' }, String(tick)));
  }
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'cumulative', role: 'img', 'aria-label': `${now.draw} falls between ${now.cumulative_from} and ${now.cumulative_to}` }, parts);
}

export function mount(root, { store }) {
  const title = h('h2');
  const stages = h('ol', { class: 'funnel' });
  const stagesCard = h('div', { class: 'card' }, h('h3', {}, words.stages), stages);
  const draw = h('div', { class: 'card' });
  const back = h('div', { class: 'card' });
  const body = h('div', { class: 'select-body' }, h('div', { class: 'card selected-card' }, title), stagesCard, draw, back);
  const empty = h('p', { class: 'notice', hidden: true }, decodeWords.none);
  root.append(empty, body);

  function update({ run, step }) {
    const now = run.steps[step];
    empty.hidden = Boolean(now);
    body.hidden = !now;
    if (!now) return;
    const { sampling } = run.recipe;
    const how = now.forced ? 'forced' : sampling.do_sample ? 'draw' : 'greedy';
    fill(title, chip(now.token, { limit: 30, class: 'big' }), h('span', { class: 'dim' }, `id ${now.token.id} · ${words.chosenBy[how]} · ${words.own(pct(now.probability))}`));
    stagesCard.hidden = how !== 'draw';
    fill(stages, funnel(now));
    const note = how === 'draw' ? words.drawNote(now.draw, sampling.seed, now.token.position) : how === 'greedy' ? words.greedyNote : words.forcedNote;
    fill(draw, h('h3', {}, words.draw), h('p', {}, note), how === 'draw' && cumulative(now));
    const ended = now.index === run.steps.length - 1 && run.stop.kind;
    fill(back, h('h3', {}, words.back), h('p', {}, ended ? words.ended(run.stop.detail) : words.backNote(now.token.position)));
  }

  return { update };
}
