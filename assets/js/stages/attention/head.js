// One head at one query and one key, step by step: from q and k to its part of W_O’s output.

import { createAsk } from '../../core/ask.js';
import { chip } from '../../core/elements/chip.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { unpack } from '../../maths/arrays.js';
import { mixCard, outputCard, pairCard, scoreCard, softmaxCard } from './head_cards.js';
import { head as words } from './words/head.js';

const IDLE = 400;
/** @param {Payload.Packed} packed */
const data = (packed) => unpack(packed).data;

/**
 * The query heads, grouped by the key/value head they share; the selected one is marked.
 * @param {Payload.OneHead} answer
 * @param {(patch: Partial<Page.Selection>) => void} select
 */
function groups({ n_heads: n, n_kv_heads: kv, head, kv_head: own }, select) {
  const size = n / kv;
  /** @param {number} index */
  const button = (index) =>
    h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        'aria-pressed': String(index === head),
        'aria-label': words.gqaHead(index),
        onclick: () => select({ head: index }),
      },
      index,
    );
  /** @param {number} index */
  const group = (index) =>
    h(
      'div',
      { class: index === own ? 'gqa-group own' : 'gqa-group' },
      h(
        'div',
        { class: 'gqa-heads' },
        Array.from({ length: size }, (_, i) => button(index * size + i)),
      ),
      size > 1 && h('span', { class: 'gqa-kv' }, words.gqaKv(index)),
    );
  return [
    h(
      'div',
      { class: 'gqa-groups' },
      Array.from({ length: kv }, (_, i) => group(i)),
    ),
    h('p', { class: 'dim' }, words.gqa(size, own, own * size, own * size + size - 1)),
  ];
}

/**
 * The section in `root`; `pick` chooses a query and a key.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function headSection(root, { view, select }) {
  const lead = h('p', { class: 'head-lead' });
  const field = h('input', {
    type: 'number',
    min: 0,
    step: 1,
    required: true,
    'aria-label': words.keyLabel,
    onchange: takeTyped,
  });
  const refusal = h('p', { class: 'refused-line', role: 'alert', hidden: true });
  const largest = h('button', { type: 'button', class: 'quiet', onclick: () => take(null) }, words.keyLargest);
  const gqa = h('div', { class: 'gqa' });
  const failure = h('div');
  const steps = {
    pair: pairCard(),
    score: scoreCard(),
    softmax: softmaxCard(take),
    mix: mixCard(),
    output: outputCard(),
  };
  const grid = h(
    'div',
    { class: 'head-grid' },
    Object.values(steps).map((step) => step.element),
  );
  const top = h(
    'div',
    { class: 'head-top' },
    h(
      'div',
      {},
      lead,
      h('div', { class: 'controls' }, h('label', { class: 'number-row' }, words.keyLabel, field), largest),
      refusal,
      h('p', { class: 'dim' }, words.keyHint),
    ),
    gqa,
  );
  const details = h(
    'details',
    { class: 'card head-steps', open: window.innerWidth > 720 },
    h('summary', {}, h('h2', { class: 'plain' }, words.title)),
    failure,
    h('div', { class: 'head-body' }, top, grid),
  );
  root.append(details);
  /** @type {Page.AttentionScene} */
  let now = null;
  /** @type {{ query: number, key: number | null }} */
  let chosen = { query: null, key: null };
  const asking = createAsk();
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;

  /** Only a position of this run is taken; anything else is refused below the field. */
  function takeTyped() {
    refusal.hidden = field.validity.valid;
    if (refusal.hidden) take(field.valueAsNumber);
    else fill(refusal, words.keyRefused(field.value, Number(field.max)));
  }

  /** @param {number | null} key null for the key with the largest weight */
  function take(key) {
    chosen = { query: now.selection.position, key };
    draw(false);
  }

  /** @param {Payload.OneHead} answer */
  function show(answer) {
    const { tokens, card } = now;
    const { pair, softmax, mix, output } = answer;
    /** @param {number} position */
    const token = (position) => [chip(tokens[position], { limit: 16 }), ` ${position}`];
    fill(lead, words.lead(answer.layer, answer.head, token(answer.query), token(answer.key)));
    field.value = String(answer.key);
    field.max = String(now.nFed - 1);
    refusal.hidden = true;
    fill(gqa, groups(answer, select));
    const [q, k, products] = [data(pair.query_vector), data(pair.key_vector), data(pair.products)];
    steps.pair.show({ q, k, products, rotated: card?.position_kind === 'rope' });
    steps.score.show({ pair, softmax, size: q.length });
    steps.softmax.show({
      softmax,
      pair,
      positions: data(softmax.top_positions),
      weights: data(softmax.top_weights),
      tokens,
      chosen: answer.key,
    });
    steps.mix.show({
      value: data(mix.value_vector),
      weighted: data(mix.weighted),
      z: data(mix.z),
      entry: output?.changed ? data(output.entry) : null,
      weight: softmax.weight,
    });
    steps.output.show(
      output && {
        part: data(output.part),
        whole: data(output.w_o_out),
        norms: data(output.norms),
        shares: data(output.shares),
        head: answer.head,
        norm: output.w_o_out_norm,
        bias: output.bias_share,
      },
      answer.no_output,
    );
  }

  /**
   * Compares the steps with a second pass over this position, which is made only once the choice has rested.
   * @param {Record<'layer' | 'head' | 'query' | 'key', number>} args
   * @param {() => boolean} isNewest
   */
  async function check(args, isNewest) {
    if (!isNewest()) return;
    /** @param {Payload.HeadChecksAnswer['checks']} checks @param {string} note */
    const mark = (checks, note) => {
      // The score has no check of its own.
      const { score, ...checked } = steps;
      for (const [name, step] of Object.entries(checked)) step.check(checks[name], note);
    };
    mark({}, words.checking);
    try {
      const { checks } = await view('head_checks', args);
      if (isNewest()) mark(checks, '');
    } catch (error) {
      if (isNewest()) mark({}, words.checkFailed(explain(error)));
    }
  }

  /** @param {boolean} redraw */
  function draw(redraw) {
    const {
      run,
      selection: { layer, head, position: query },
      nFed,
    } = now;
    if (!details.open) return;
    const key = chosen.query === query ? chosen.key : null;
    if (redraw) Object.values(steps).forEach((step) => 'redraw' in step && step.redraw());
    if (query >= nFed) {
      asking.drop();
      refuse(words.notFed);
      return;
    }
    asking.ask({
      key: JSON.stringify([run.key, layer, head, query, key]),
      question() {
        details.classList.remove('empty');
        return view('one_head', { layer, head, query, key });
      },
      onanswer(answer, isNewest) {
        fill(failure);
        show(answer);
        clearTimeout(timer);
        timer = setTimeout(check, IDLE, { layer, head, query, key: answer.key }, isNewest);
      },
      onerror: (error) => refuse(explain(error)),
    });
  }

  /** @param {string} message */
  function refuse(message) {
    details.classList.add('empty');
    notice(failure, message);
  }

  details.addEventListener('toggle', () => now && draw(false));

  return {
    /** @param {Page.AttentionScene} next @param {boolean} redraw */
    update(next, redraw) {
      now = next;
      draw(redraw);
    },
    /** @param {number} query @param {number | null} key */
    pick(query, key) {
      chosen = { query, key };
      if (now?.selection.position === query) draw(false);
    },
  };
}
