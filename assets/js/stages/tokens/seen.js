// The text the model sees, with its token edges, in the chat template or without.

import { spoken } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { reveal } from '../../core/elements/scroll.js';
import { label, visible } from '../../maths/tokens.js';
import { asker, card } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

/** Text as it is, but for signs that would not be seen or would move others. */
const shownText = (text) => text.split(' ').map(visible).join(' ');

/**
 * Tokens that share a character stay together: [[token, …], …].
 * @param {Payload.Token[]} tokens
 */
function clusters(tokens) {
  /** @type {Payload.Token[][]} */
  const out = [];
  let end = -1;
  for (const token of tokens) {
    if (token.start < end && token.end > token.start) out.at(-1).push(token);
    else out.push([token]);
    end = Math.max(end, token.end);
  }
  return out;
}

/**
 * Clusters in the text's order, and the stretches between them that belong to no token: [{tokens} or {gap}, …].
 * @param {Page.RunToken[]} tokens
 * @param {string[]} characters
 * @param {number} first
 * @returns {{ tokens?: Page.RunToken[], gap?: string }[]}
 */
function laidOut(tokens, characters, first) {
  /** @type {({ gap: string; } | { tokens: Payload.Token[]; })[]} */
  const out = [];
  let end = first;
  const upto = (place) => {
    if (place > end) out.push({ gap: characters.slice(end - first, place - first).join('') });
    end = Math.max(end, place);
  };
  for (const cluster of clusters(tokens)) {
    upto(cluster[0].start);
    out.push({ tokens: cluster });
    end = Math.max(end, ...cluster.map((token) => token.end));
  }
  upto(first + characters.length);
  return out;
}

/**
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function mountSeen(root, ctx) {
  const text = h('div', { class: 'seen', dir: 'auto' });
  const more = h('p', { class: 'dim' });
  const facts = h('dl', { class: 'facts' });
  const part = card(words.seen, '', text, more, facts);
  const buttons = [false, true].map((chat) =>
    h('button', { type: 'button', class: 'quiet', onclick: () => choose(chat) }, chat ? words.template : words.plain),
  );
  part.head.append(h('div', { class: 'switch' }, buttons));
  root.append(part.element);
  /** @type {Page.State} */
  let now = null;
  let wanted = null;
  let runKey = null;
  let shown = null;

  const ask = asker(ctx, 'tokenize_seen', part, (answer) => {
    shown = { ...answer, run: now.run.key };
    draw();
  });

  function choose(chat) {
    wanted = chat;
    update(now);
  }

  /**
   * @param {Payload.Token} token
   * @param {any} characters
   * @param {any} options
   */
  function segment(token, characters, { preview, kind, place, mark }) {
    const own =
      token.end > token.start && mark === undefined
        ? characters.slice(token.start - shown.first, token.end - shown.first).join('')
        : label(token, 40);
    const sign = mark === undefined ? shownText(own) : own;
    const classes = [
      'tok',
      place % 2 ? 'odd' : 'even',
      kind !== 'prompt' && 'added',
      token.special && 'special',
      mark !== undefined && 'byte',
    ];
    const button = h(
      'button',
      {
        type: 'button',
        class: classes.filter(Boolean).join(' '),
        title: words.ofKind(spoken(token), kind),
        'aria-label': spoken(token),
        tabindex: '-1',
        disabled: preview,
        dataset: { position: token.position },
        onclick: () => ctx.select({ position: token.position }),
      },
      sign,
    );
    // Line breaks of the text are breaks here too, after the sign that stands for them.
    return [button, mark === undefined && breaks(own)];
  }

  /** @param {Payload.Token[]} tokens */
  function cluster(tokens, characters, look) {
    if (tokens.length === 1) return segment(tokens[0], characters, { ...look, place: tokens[0].position });
    const start = tokens[0].start - shown.first;
    const whole = characters.slice(start, Math.max(...tokens.map((t) => t.end)) - shown.first).join('');
    return h(
      'span',
      { class: 'cluster', title: words.piecesOf(whole, tokens.length) },
      h('span', { class: 'whole' }, shownText(whole)),
      h(
        'span',
        { class: 'bytes' },
        tokens.map((token) => segment(token, characters, { ...look, place: token.position, mark: 'byte' })),
      ),
    );
  }

  const breaks = (own) => [...own].filter((c) => c === '\n').map(() => h('br'));

  const between = (gap) => [h('span', { class: 'between', title: words.between }, visible(gap)), breaks(gap)];

  function draw() {
    const preview = shown.chat !== now.run.recipe.chat;
    const characters = [...shown.text];
    const kindAt = (at) => shown.spans.find((span) => at < span.end)?.kind ?? 'template';
    const parts = laidOut(shown.tokens, characters, shown.first);
    fill(part.said, words.seenNote(shown.chat, preview), parts.some(({ gap }) => gap) && words.seenGaps);
    fill(
      text,
      parts.map(({ tokens, gap }) =>
        gap ? between(gap) : cluster(tokens, characters, { preview, kind: kindAt(tokens[0].start) }),
      ),
    );
    const stop = shown.start + shown.tokens.length;
    fill(more, stop - shown.start < shown.n_tokens ? words.windowed(shown.start, stop, shown.n_tokens) : '');
    fill(facts, figures(words.facts(shown)));
    markSelected();
  }

  function markSelected() {
    const preview = shown.chat !== now.run.recipe.chat;
    for (const button of text.querySelectorAll('.tok')) {
      const selected = !preview && Number(button.dataset.position) === now.selection.position;
      button.classList.toggle('selected', selected);
      button.tabIndex = selected ? 0 : -1;
      if (selected) reveal(text, button);
    }
  }

  function holds(chat) {
    if (!shown || shown.run !== now.run.key || shown.chat !== chat) return false;
    const at = Math.min(now.selection.position, shown.n_tokens - 1);
    return at >= shown.start && at < shown.start + shown.tokens.length;
  }

  /** @param {Page.State} state */
  function update(state) {
    now = state;
    const { run, selection, card: model } = state;
    if (run.key !== runKey) {
      runKey = run.key;
      wanted = run.recipe.chat;
    }
    buttons.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(Boolean(i) === wanted));
      button.disabled = Boolean(i) && model?.has_chat_template === false;
      button.title = button.disabled ? words.noTemplate : Boolean(i) === run.recipe.chat ? words.thisRun : '';
    });
    if (holds(wanted)) markSelected();
    else ask({ chat: wanted, position: selection.position }, `${run.key}:${wanted}:${selection.position}`);
  }

  return { update };
}
