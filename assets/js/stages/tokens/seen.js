// The text the model sees, with its token edges, in the chat template or without.

import { spokenName } from '../../core/elements/chip.js';
import { fill, h } from '../../core/elements/dom.js';
import { facts as figures } from '../../core/elements/facts.js';
import { reveal } from '../../core/elements/scroll.js';
import { label, visible } from '../../maths/tokens.js';
import { card, createRequest } from '../../parts/panel/card.js';
import { tokenize as words } from './words/tokenize.js';

/**
 * The text with its control characters and its white space, other than plain spaces, made visible.
 * @param {string} text
 */
const shownText = (text) => text.split(' ').map(visible).join(' ');

/**
 * Groups the tokens so that those that share a character stay together.
 * @param {Page.RunToken[]} tokens
 */
function clusters(tokens) {
  /** @type {Page.RunToken[][]} */
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
 * The clusters in the order of the text, and between them the gaps: stretches of text that belong to no token.
 * @param {Page.RunToken[]} tokens
 * @param {string[]} characters
 * @param {number} first the offset of the first character in the whole text
 */
function layOut(tokens, characters, first) {
  /** @type {{ tokens?: Page.RunToken[], gap?: string }[]} */
  const out = [];
  let end = first;
  /** @param {number} offset */
  const addGap = (offset) => {
    if (offset > end) out.push({ gap: characters.slice(end - first, offset - first).join('') });
    end = Math.max(end, offset);
  };
  for (const cluster of clusters(tokens)) {
    addGap(cluster[0].start);
    out.push({ tokens: cluster });
    end = Math.max(end, ...cluster.map((token) => token.end));
  }
  addGap(first + characters.length);
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
  /** Whether the text is shown in the chat template. */
  let inTemplate = false;
  let runKey = '';
  /** @type {Payload.SeenAnswer & { run: string }} */
  let current = null;

  const ask = createRequest(ctx, 'tokenize_seen', part, (answer) => {
    current = { ...answer, run: now.run.key };
    draw();
  });

  /** @param {boolean} chat */
  function choose(chat) {
    inTemplate = chat;
    update(now);
  }

  /**
   * @param {Page.RunToken} token
   * @param {string[]} characters
   * @param {{ preview: boolean, kind: string, isPart?: boolean }} look `isPart`: the token is one of a cluster
   */
  function segment(token, characters, { preview, kind, isPart = false }) {
    const own =
      token.end > token.start && !isPart
        ? characters.slice(token.start - current.first, token.end - current.first).join('')
        : label(token, 40);
    const sign = isPart ? own : shownText(own);
    const classes = [
      'tok',
      token.position % 2 ? 'odd' : 'even',
      kind !== 'prompt' && 'added',
      token.special && 'special',
      isPart && 'byte',
    ];
    const button = h(
      'button',
      {
        type: 'button',
        class: classes.filter(Boolean).join(' '),
        title: words.ofKind(spokenName(token), kind),
        'aria-label': spokenName(token),
        tabindex: '-1',
        disabled: preview,
        dataset: { position: token.position },
        onclick: () => ctx.select({ position: token.position }),
      },
      sign,
    );
    // A line break of the text also breaks the line here, after the sign that stands for it.
    return [button, !isPart && breaks(own)];
  }

  /**
   * @param {Page.RunToken[]} tokens
   * @param {string[]} characters
   * @param {Parameters<typeof segment>[2]} look
   */
  function cluster(tokens, characters, look) {
    if (tokens.length === 1) return segment(tokens[0], characters, look);
    const start = tokens[0].start - current.first;
    const whole = characters.slice(start, Math.max(...tokens.map((t) => t.end)) - current.first).join('');
    return h(
      'span',
      { class: 'cluster', title: words.piecesOf(whole, tokens.length) },
      h('span', { class: 'whole' }, shownText(whole)),
      h(
        'span',
        { class: 'bytes' },
        tokens.map((token) => segment(token, characters, { ...look, isPart: true })),
      ),
    );
  }

  /** @param {string} own */
  const breaks = (own) => [...own].filter((c) => c === '\n').map(() => h('br'));

  /** @param {string} gap */
  const between = (gap) => [h('span', { class: 'between', title: words.between }, visible(gap)), breaks(gap)];

  function draw() {
    const preview = current.chat !== now.run.recipe.chat;
    const characters = [...current.text];
    /** @param {number} offset */
    const kindAt = (offset) => current.spans.find((span) => offset < span.end)?.kind ?? 'template';
    const parts = layOut(current.tokens, characters, current.first);
    fill(part.note, words.seenNote(current.chat, preview), parts.some(({ gap }) => gap) && words.seenGaps);
    fill(
      text,
      parts.map(({ tokens, gap }) =>
        gap ? between(gap) : cluster(tokens, characters, { preview, kind: kindAt(tokens[0].start) }),
      ),
    );
    const stop = current.start + current.tokens.length;
    fill(more, stop - current.start < current.n_tokens ? words.windowed(current.start, stop, current.n_tokens) : '');
    fill(facts, figures(words.facts(current)));
    markSelected();
  }

  function markSelected() {
    const preview = current.chat !== now.run.recipe.chat;
    for (const button of text.querySelectorAll('.tok')) {
      const selected = !preview && Number(button.dataset.position) === now.selection.position;
      button.classList.toggle('selected', selected);
      button.tabIndex = selected ? 0 : -1;
      if (selected) reveal(text, button);
    }
  }

  /** @param {boolean} chat */
  function holds(chat) {
    if (!current || current.run !== now.run.key || current.chat !== chat) return false;
    const at = Math.min(now.selection.position, current.n_tokens - 1);
    return at >= current.start && at < current.start + current.tokens.length;
  }

  /** @param {Page.State} state */
  function update(state) {
    now = state;
    const { run, selection, card: model } = state;
    if (run.key !== runKey) {
      runKey = run.key;
      inTemplate = run.recipe.chat;
    }
    buttons.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(Boolean(i) === inTemplate));
      button.disabled = Boolean(i) && model?.has_chat_template === false;
      button.title = button.disabled ? words.noTemplate : Boolean(i) === run.recipe.chat ? words.thisRun : '';
    });
    if (holds(inTemplate)) markSelected();
    else ask({ chat: inTemplate, position: selection.position }, `${run.key}:${inTemplate}:${selection.position}`);
  }

  return { update };
}
