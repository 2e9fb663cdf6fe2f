// BertViz of this run, in a sandboxed frame: its scripts are files of this page, and its data cannot reach the page.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { pageNonce } from '../../core/nonce.js';
import { bertviz as words } from './words/bertviz.js';

const TALLEST = 2400;
const SHORTEST = 240;

/**
 * The document of the frame. Only inline code and two scripts of this host may load; all it sends is its height.
 * @param {string} html
 * @param {string} vendor the address of the scripts' folder
 */
function page(html, vendor) {
  const policy = `default-src 'none'; script-src 'unsafe-inline' ${location.origin}; style-src 'unsafe-inline'`;
  /** @param {string} name */
  const script = (name) => `<script src="${vendor}${name}"></script>`;
  // Also at once, because a frame that is not on screen gets no notice of its size.
  const sendHeight =
    '<script>const tell = () => parent.postMessage(document.documentElement.offsetHeight, "*"); tell(); new ResizeObserver(tell).observe(document.documentElement);</script>';
  const style =
    '<style>html { height: auto; } body { margin: 8px; background: #fff; color: #222; font: 15px system-ui, sans-serif; } #vis svg { max-width: none; }</style>';
  const body = `${script('jquery-3.7.1.min.js')}${script('d3-5.7.0.min.js')}${html}${sendHeight}`;
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">${style}${body.replaceAll('<script', `<script nonce="${pageNonce()}"`)}`;
}

/**
 * The section in `root`, which is redrawn while it is open.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function bertvizSection(root, { view, vendorUrl }) {
  const choice = h('div', { class: 'choice', role: 'group', 'aria-label': words.choose });
  const limits = h('p', { class: 'dim' });
  const place = h('div', { class: 'bertviz-place' });
  const kinds = /** @type {Page.BertvizKind[]} */ (Object.keys(words.kinds));
  const buttons = kinds.map((one) =>
    h(
      'button',
      { type: 'button', class: 'quiet', dataset: { kind: one }, onclick: () => choose(one) },
      words.kinds[one],
    ),
  );
  choice.append(...buttons);
  const details = h(
    'details',
    { class: 'card bertviz' },
    h('summary', {}, h('h2', { class: 'plain' }, words.title)),
    h('p', { class: 'dim' }, words.about),
    choice,
    limits,
    place,
  );
  root.append(details);
  const vendor = new URL(vendorUrl, location.href).href;
  /** @type {Page.AttentionScene} */
  let now = null;
  /** @type {Page.BertvizKind} */
  let kind = 'head';
  const asking = createAsk();
  /** @type {HTMLIFrameElement} */
  let frame = null;

  /** @param {Page.BertvizKind} next */
  function choose(next) {
    kind = next;
    draw();
  }

  /** @param {MessageEvent} message */
  function fit({ source, data }) {
    // Another model builds this section anew: the old one leaves the page, and its listener with it.
    if (!details.isConnected) return window.removeEventListener('message', fit);
    if (!frame || source !== frame.contentWindow || !Number.isFinite(data)) return;
    frame.style.height = `${Math.min(TALLEST, Math.max(SHORTEST, data + 16))}px`;
  }

  function draw() {
    if (!details.open || !now) return;
    buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.kind === kind)));
    const {
      run,
      selection: { layer, head, position },
      nFed,
    } = now;
    const args = { kind, layer, head, position: Math.min(position, nFed - 1), n_positions: nFed };
    asking.ask({
      key: JSON.stringify([run.key, args]),
      question() {
        fill(limits, words.loading);
        // Only while there is a frame that may report its height; adding it twice has no effect.
        window.addEventListener('message', fit);
        return view('bertviz', args);
      },
      onanswer(answer) {
        fill(limits, words.limits({ kind, answer, head }));
        frame = h('iframe', {
          sandbox: 'allow-scripts',
          dataset: { kind },
          title: words.frame(kind),
          srcdoc: page(answer.html, vendor),
        });
        fill(place, frame);
      },
      onerror(error) {
        frame = null;
        fill(limits);
        notice(place, explain(error));
      },
    });
  }

  details.addEventListener('toggle', draw);

  return {
    /** @param {Page.AttentionScene} next */
    update(next) {
      now = next;
      draw();
    },
  };
}
