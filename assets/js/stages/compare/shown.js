// Two runs side by side: figures, tokens, the answers and where they diverge, candidates, and the lens.

import { bars } from '../../charts/bars.js';
import { lines, linesKey } from '../../charts/lines.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { pct } from '../../maths/format.js';
import { candidate } from '../../maths/tokens.js';
import { compare as words } from './words/compare.js';

const KINDS = ['side-one', 'side-other'];
const MOST_CANDIDATES = 8;

/** @param {Page.RunToken} a @param {Page.RunToken} b */
const sameToken = (a, b) => a && b && a.text === b.text;

/**
 * The first place at which two lists of tokens differ; the shorter one's length when none does.
 * @param {Page.RunToken[]} one
 * @param {Page.RunToken[]} other
 */
export function parting(one, other) {
  const n = Math.min(one.length, other.length);
  for (let i = 0; i < n; i += 1) if (!sameToken(one[i], other[i])) return i;
  return n;
}

/**
 * Builds the cards in `root`; show([side, side]) fills them and returns a summary.
 * @param {HTMLElement} root
 */
export function comparison(root) {
  const figures = h('table', { class: 'cache-table compare-figures' });
  const prompts = h('div', { class: 'compare-rows' });
  const promptsNote = h('p', { class: 'dim' });
  const answers = h('div', { class: 'compare-rows' });
  const answersNote = h('p', { class: 'dim' });
  const stepName = h('h3');
  const stepNote = h('p', { class: 'dim' });
  const tables = [0, 1].map(() => bars(words.columns));
  const names = [0, 1].map(() => h('h4'));
  const chart = h('div');
  const key = h('div');
  const layers = h('table', { class: 'cache-table compare-lens' });
  const lensNote = h('p', { class: 'dim' });
  const lensTable = h(
    'details',
    {},
    h('summary', { class: 'dim' }, words.lensTable),
    h('div', { class: 'scroll compare-scroll' }, layers),
  );
  /** @param {Page.Child[]} children */
  const card = (...children) => root.appendChild(h('div', { class: 'card' }, children));
  card(h('h2', {}, words.figures), h('div', { class: 'scroll' }, figures));
  card(h('h2', {}, words.tokens), h('p', { class: 'dim' }, words.tokensNote), prompts, promptsNote);
  card(
    h('h2', {}, words.answers),
    h('p', { class: 'dim' }, words.answersNote),
    answers,
    answersNote,
    stepName,
    stepNote,
    h(
      'div',
      { class: 'compare-columns' },
      [0, 1].map((i) => h('div', {}, names[i], tables[i].element)),
    ),
  );
  card(h('h2', {}, words.lens), lensNote, key, chart, lensTable);
  const plot = lines(chart);
  /** @type {Page.Side[]} */
  let sides = [];

  /** @param {number} i @param {Page.Child} children */
  const row = (i, children) =>
    h(
      'div',
      { class: `compare-row ${KINDS[i]}` },
      h('span', { class: 'compare-name' }, words.name(sides, i)),
      h('div', { class: 'segment-row' }, children),
    );

  /** @param {number} at */
  function step(at) {
    const records = sides.map(({ run }) => run.steps[at]);
    const [left, right] = sides.map(({ run }) => run.steps.map(({ token }) => token));
    const parts = parting(left, right);
    fill(stepName, words.step(at));
    fill(stepNote, at > parts ? words.apart : '');
    records.forEach((now, i) => {
      fill(names[i], words.name(sides, i));
      const rows = (now?.candidates.token_ids ?? []).slice(0, MOST_CANDIDATES).map((id, place) => ({
        token: candidate(now.candidates, place),
        id,
        logit: now.candidates.logits[place],
        probability: now.candidates.probability[place],
        selected: id === now.token.id,
      }));
      tables[i].show(rows, now ? words.entropy(now.entropy) : words.ended);
    });
    for (const button of answers.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(Number(button.dataset.step) === at));
  }

  function showAnswers() {
    const [left, right] = sides.map(({ run }) => run.steps.map(({ token }) => token));
    const parts = parting(left, right);
    /** @param {Page.RunToken} token @param {number} at */
    const pick = (token, at) =>
      chip(token, {
        tag: 'button',
        type: 'button',
        limit: 14,
        class: at === parts ? 'parts-here' : '',
        dataset: { step: at },
        onclick: () => step(at),
        'aria-label': words.pick(at, token),
      });
    fill(
      answers,
      sides.map(({ run }, i) =>
        row(
          i,
          run.steps.map(({ token }, at) => pick(token, at)),
        ),
      ),
    );
    fill(answersNote, words.partsAt(parts, sides));
    step(parts < Math.max(...sides.map(({ run }) => run.steps.length)) ? parts : 0);
    return parts;
  }

  function showLens() {
    const bothGiven = sides.every(({ lens }) => lens);
    for (const part of [chart, key, lensTable]) part.hidden = !bothGiven;
    fill(lensNote, bothGiven ? words.lensNote : sides.map(({ noLens }) => noLens).find(Boolean));
    if (!bothGiven) return;
    const cells = sides.map(({ lens, run }) =>
      Array.from({ length: lens.rows }, (_, at) => at * lens.columns + run.tokens.length - 1 - lens.start),
    );
    const series = sides.map(({ lens }, i) => ({
      name: words.name(sides, i),
      kind: KINDS[i],
      values: cells[i].map((cell) => lens.target[cell]),
    }));
    fill(key, linesKey(series));
    plot.show({
      title: words.lensChart,
      series,
      n: Math.max(...sides.map(({ lens }) => lens.rows)),
      format: pct,
      axis: words.lensAxis,
    });
    const body = Array.from({ length: Math.max(...sides.map(({ lens }) => lens.rows)) }, (_, at) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, words.rowName(at)),
        sides.map(({ lens }, i) => {
          const cell = cells[i][at];
          return cell === undefined
            ? [h('td'), h('td')]
            : [
                h('td', {}, chip(lens.tokens.get(lens.ids[cell * lens.k]), { limit: 14 })),
                h('td', { class: 'number' }, pct(lens.top[cell * lens.k])),
              ];
        }),
      ),
    );
    fill(
      layers,
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, words.row),
          sides.map((_, i) => h('th', { scope: 'colgroup', colspan: 2 }, words.name(sides, i))),
        ),
      ),
      h('tbody', {}, body),
    );
  }

  return {
    /** @param {Page.Side[]} next */
    show(next) {
      sides = next;
      const head = h(
        'tr',
        {},
        h('th'),
        sides.map((_, i) => h('th', { scope: 'col', class: KINDS[i] }, words.name(sides, i))),
      );
      fill(
        figures,
        h('thead', {}, head),
        h(
          'tbody',
          {},
          words.rows(sides).map(([name, ...values]) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, name),
              values.map((value) => h('td', {}, value)),
            ),
          ),
        ),
      );
      fill(
        prompts,
        sides.map(({ run }, i) =>
          row(
            i,
            run.tokens.map((token) => chip(token, { limit: 14 })),
          ),
        ),
      );
      fill(promptsNote, words.cut(sides), words.lost(sides));
      const parts = showAnswers();
      showLens();
      return words.summary(sides, parts);
    },
  };
}
