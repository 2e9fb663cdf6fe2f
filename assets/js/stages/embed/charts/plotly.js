// Charts by Plotly: the library is loaded when first needed, redraws in place, and takes the page's own colours.

import { createAsk } from '../../../core/ask.js';
import { css } from '../../../core/elements/color.js';
import { fill, h } from '../../../core/elements/dom.js';
import { explain } from '../../../core/errors.js';
import { messages } from '../../../core/words/messages.js';
import { embed as words } from '../words/embed.js';

const KEPT_BUTTONS = [
  ['toImage', 'zoom2d', 'pan2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d'],
  ['orbitRotation', 'resetCameraDefault3d'],
];
/** @type {Map<string, Promise<Page.Plotly>>} */
const loading = new Map();

/**
 * The library from the plotly package's own file, once for the page.
 * @param {string} url
 * @returns {Promise<Page.Plotly>}
 */
function load(url) {
  if (!url) return Promise.reject(new Error(messages.notHere));
  if (!loading.has(url)) {
    /** @type {Promise<Page.Plotly>} */
    const arrival = new Promise((resolve, reject) => {
      const onFailure = () => reject(new Error(words.noCharts));
      document.head.append(h('script', { src: url, onload: () => resolve(window.Plotly), onerror: onFailure }));
    });
    arrival.catch(() => loading.delete(url));
    loading.set(url, arrival);
  }
  return loading.get(url);
}

/**
 * Text escaped for Plotly: its labels are pseudo-HTML, in which `<s>` or `<br>` would vanish.
 * @param {string} text
 */
export const plain = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * An axis in the page's colours.
 * @param {string} title
 * @param {object} [more]
 */
export const axis = (title, more = {}) => ({
  title: { text: title, standoff: 8 },
  gridcolor: css('--line'),
  zerolinecolor: css('--line'),
  linecolor: css('--line'),
  backgroundcolor: 'rgba(0,0,0,0)',
  ...more,
});

/** The zoom of projector mode, which does not reach these charts: they take larger type instead. */
export const zoomFactor = () => Number(css('--zoom')) || 1;

/** @param {object} layout @param {string} view */
function withStyle(layout, view) {
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: css('--sans'), size: 12.5 * zoomFactor(), color: css('--ink') },
    modebar: { bgcolor: 'rgba(0,0,0,0)', color: css('--ink-2'), activecolor: css('--accent') },
    hoverlabel: {
      bgcolor: css('--surface-3'),
      bordercolor: css('--line'),
      font: { color: css('--ink'), family: css('--mono') },
      align: 'left',
    },
    margin: { l: 54 * zoomFactor(), r: 12, t: 12, b: 44 * zoomFactor() },
    showlegend: false,
    hovermode: 'closest',
    // Plotly keeps zoom and camera while this is the same.
    uirevision: view,
    autosize: true,
    ...layout,
  };
}

/** @param {Page.Plotly} Plotly @param {string} name */
function settings(Plotly, name) {
  const asSvg = {
    name: words.svg,
    icon: Plotly.Icons.disk,
    click: (/** @type {Element} */ graph) => Plotly.downloadImage(graph, { format: 'svg', filename: name }),
  };
  return {
    displaylogo: false,
    responsive: true,
    showTips: false,
    modeBarButtons: [[asSvg, ...KEPT_BUTTONS[0]], KEPT_BUTTONS[1]],
    toImageButtonOptions: { format: 'png', filename: name, scale: 2 },
  };
}

/**
 * A chart in `root`. `name` is the file name of a downloaded picture.
 * @param {HTMLElement} root
 * @param {string} url
 * @param {Page.PlotOptions} options
 */
export function plot(root, url, { name, describe, onClick, onHover }) {
  /** @type {HTMLDivElement & { on?: (event: string, listener: (event: Page.PlotlyEvent) => void) => void }} */
  const place = h('div', { class: 'plotly-place', role: 'group', 'aria-label': name });
  root.append(place);
  const asking = createAsk();
  let bound = false;

  function bind() {
    /** @param {Page.PlotlyEvent} event @returns {Page.PlotPoint} */
    const point = ({ points: [p] }) => ({ curve: p.curveNumber, index: p.pointNumber, data: p.customdata });
    place.on('plotly_click', (event) => onClick?.(point(event)));
    place.on('plotly_hover', (event) => onHover?.(point(event)));
    place.on('plotly_unhover', () => onHover?.(null));
    bound = true;
  }

  return {
    /**
     * Draws the chart, and keeps its zoom while `view` is the same.
     * @param {object[]} traces
     * @param {{ scene?: object, [name: string]: unknown }} layout
     * @param {string} view
     */
    show(traces, layout, view) {
      place.setAttribute('aria-label', describe?.() ?? name);
      asking.ask({
        question: () => load(url),
        async onanswer(Plotly) {
          const config = settings(Plotly, name);
          const [flat, solid] = config.modeBarButtons;
          config.modeBarButtons = layout.scene ? [flat.slice(0, 2), solid] : [flat];
          await Plotly.react(place, traces, withStyle(layout, view), config);
          if (!bound) bind();
        },
        onerror: (error) => fill(place, h('p', { class: 'notice' }, explain(error))),
      });
    },
  };
}
