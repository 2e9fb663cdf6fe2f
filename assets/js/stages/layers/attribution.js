// Direct logit attribution: what each part of the network added to the logit of a token, or to a difference of two.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { label } from '../../maths/tokens.js';
import { sharesView } from './shares.js';
import { layers as words } from './words/layers.js';

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function attributionCard(root, { ask, view, select }) {
  /** @type {Page.LayersScene} */
  let now = null;
  const asking = createAsk();
  // The run and position in view, and those whose shares were drawn last.
  let place = '';
  let lastDrawn = '';
  /** @type {number | null} */
  let token = null;
  /** @type {number | null} */
  let against = null;
  /** @type {number | null} */
  let shownToken = null;
  const title = h('h2');
  const failure = h('div');
  const tokenChoice = h('select', {
    'aria-label': words.token,
    onchange: () => pick(Number(tokenChoice.value), against),
  });
  const otherChoice = h('select', {
    'aria-label': words.against,
    onchange: () => pick(token, otherChoice.value === '' ? null : Number(otherChoice.value)),
  });
  const typed = h('input', {
    type: 'text',
    placeholder: words.another,
    'aria-label': words.anotherLabel,
    autocomplete: 'off',
    spellcheck: 'false',
    onchange: compareTyped,
  });
  const typedNote = h('p', { class: 'dim', role: 'status' });
  const mark = checkMark();
  const shares = sharesView(select);
  const choices = h(
    'div',
    { class: 'layers-ask' },
    h('label', {}, h('span', { class: 'dim' }, words.token), tokenChoice),
    h('label', {}, h('span', { class: 'dim' }, words.against), otherChoice),
    typed,
  );
  root.append(
    h('div', { class: 'card-head' }, title, choices),
    h('p', { class: 'dim' }, words.whyNote),
    typedNote,
    failure,
    shares.sum,
    shares.body,
    mark.element,
  );

  /** Compares with the first token of the typed text, so that any token can be chosen. */
  async function compareTyped() {
    if (!typed.value) return;
    const askedAt = place;
    try {
      const { tokens } = await ask('encode', { text: typed.value });
      if (askedAt !== place) return;
      typed.value = '';
      pick(token, tokens[0].id);
      fill(
        typedNote,
        tokens[0].id === shownToken
          ? words.itself(label(tokens[0]))
          : tokens.length > 1
            ? words.firstOf(tokens.map((t) => label(t)))
            : '',
      );
    } catch (error) {
      fill(typedNote, explain(error));
    }
  }

  /** @param {number | null} first @param {number | null} second */
  function pick(first, second) {
    fill(typedNote);
    [token, against] = [first, second === (first ?? shownToken) ? null : second];
    update(now);
  }

  /**
   * Offers the candidates, the token that follows in the run, and the two that are compared.
   * @param {Payload.AttributionAnswer} found
   */
  function offer(found) {
    /** @type {Map<number, Page.Token>} */
    const known = new Map(
      [found.token, found.against, ...found.candidates].filter(Boolean).map((one) => [one.id, one]),
    );
    const follows = now.tokens[found.position + 1]?.id;
    if (follows !== undefined) known.set(follows, now.tokens[found.position + 1]);
    /** @param {Page.Token} t */
    const nameOf = (t) => (t.id === follows ? words.follows(label(t, 20)) : label(t, 20));
    /** @param {number} chosen */
    const entries = (chosen) =>
      [...known.values()].map((t) => h('option', { value: t.id, selected: t.id === chosen }, nameOf(t)));
    fill(tokenChoice, entries(found.token.id));
    fill(otherChoice, h('option', { value: '', selected: !found.against }, words.nobody), entries(found.against?.id));
  }

  /** @param {Payload.AttributionAnswer} found */
  function show(found) {
    const name = chip(found.token);
    fill(
      title,
      h(
        'span',
        {},
        ...(found.against
          ? words.whyAgainst(name, chip(found.against), found.position)
          : words.why(name, found.position)),
      ),
    );
    offer(found);
    shares.show(found, now);
    mark.show(found.checks);
    fill(failure);
    lastDrawn = place;
    shownToken = found.token.id;
    choices.hidden = shares.body.hidden = shares.sum.hidden = false;
  }

  /** @param {Page.LayersScene} next @param {boolean} [redraw] */
  function update(next, redraw = false) {
    now = next;
    const { run, position, layer, head, length } = now;
    const here = JSON.stringify([run.key, position]);
    if (here !== place) {
      [place, token, against] = [here, null, null];
      fill(typedNote);
    }
    asking.ask({
      key: JSON.stringify([here, layer, head, token, against, length]),
      again: redraw,
      question: () => view('layers_attribution', { position, token, against, n_steps: run.steps.length }),
      onanswer: show,
      onerror(error) {
        choices.hidden = lastDrawn !== place;
        shares.body.hidden = shares.sum.hidden = true;
        fill(title, words.shares);
        notice(failure, explain(error));
      },
    });
  }

  return { update };
}
