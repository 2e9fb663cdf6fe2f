// BertViz of this run, in a sandboxed frame: its scripts are the page's own files, its data cannot reach the page.

import { createAsk } from '../../core/ask.js';
import { fill, h, notice } from '../../core/elements/dom.js';
import { explain } from '../../core/errors.js';
import { bertviz as words } from './words/bertviz.js';

const TALLEST = 2400;
const SHORTEST = 240;

/** Nothing but inline code and this host's two scripts may load; the frame tells its height, and nothing else. */
function page(html, vendor) {
  const policy = `default-src 'none'; script-src 'unsafe-inline' ${location.origin}; style-src 'unsafe-inline'`;
  const script = (name) => `<script src="${vendor}${name}"></script>`;
  // At once as well: a frame that is not on screen observes nothing.
  const tell =
    '<script>const tell = () => parent.postMessage(document.documentElement.offsetHeight, "*"); tell(); new ResizeObserver(tell).observe(document.documentElement);</script>';
  const style =
    '<style>html { height: auto; } body { margin: 8px; background: #fff; color: #222; font: 15px system-ui, sans-serif; } #vis svg { max-width: none; }</style>';
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">${style}${script('jquery-3.7.1.min.js')}${script('d3-5.7.0.min.js')}${html}${tell}`;
}

/**
 * The section in `root`; update({run, selection, fed}) redraws it while it is open.
 * @param {HTMLElement} root
 * @param {Page.Ctx} ctx
 */
export function bertvizSection(root, { view, vendorUrl }) {
  const choice = h('div', { class: 'choice', role: 'group', 'aria-label': words.choose });
  const limits = h('p', { class: 'dim' });
  const place = h('div', { class: 'bertviz-place' });
  const buttons = Object.entries(words.kinds).map(([one, name]) =>
    h('button', { type: 'button', class: 'quiet', dataset: { kind: one }, onclick: () => take(one) }, name),
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
  let now = null;
  let kind = 'head';
  const asking = createAsk();
  let frame = null;

  function take(wanted) {
    kind = wanted;
    draw();
  }

  window.addEventListener('message', ({ source, data }) => {
    if (!frame || source !== frame.contentWindow || !Number.isFinite(data)) return;
    frame.style.height = `${Math.min(TALLEST, Math.max(SHORTEST, data + 16))}px`;
  });

  function draw() {
    if (!details.open || !now) return;
    buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.kind === kind)));
    const {
      run,
      selection: { layer, head, position },
      fed,
    } = now;
    const args = { kind, layer, head, position: Math.min(position, fed - 1), n_positions: fed };
    asking.ask({
      key: JSON.stringify([run.key, args]),
      question() {
        fill(limits, words.loading);
        return view('bertviz', args);
      },
      answered(found) {
        fill(limits, words.limits({ kind, found, head }));
        frame = h('iframe', {
          sandbox: 'allow-scripts',
          dataset: { kind },
          title: words.frame(kind),
          srcdoc: page(found.html, vendor),
        });
        fill(place, frame);
      },
      refused(error) {
        frame = null;
        fill(limits);
        notice(place, explain(error));
      },
    });
  }

  details.addEventListener('toggle', draw);

  return {
    update(next) {
      now = next;
      draw();
    },
  };
}
