// Tokens as points of a map in two or three dimensions, those of the run among their neighbours in the vocabulary.

import { css } from '../../../core/elements/color.js';
import { label } from '../../../maths/tokens.js';
import { embed as words } from '../words/embed.js';
import { axis, plain, plot, zoomFactor } from './plotly.js';

const SIDES = ['top center', 'bottom center', 'middle right', 'middle left'];
const LETTER = 8;
const LINE = 16;
const NARROW = 600;

/**
 * The box that a label would fill, in pixels; `side` is one of SIDES.
 * @param {number[]} point
 * @param {number} width
 * @param {string} side
 */
function boxOf([x, y], width, side) {
  const dx = side === 'middle right' ? 10 : side === 'middle left' ? -10 - width : -width / 2;
  const dy = side === 'top center' ? -10 - LINE : side === 'bottom center' ? 10 : -LINE / 2;
  return [x + dx, y + dy, x + dx + width, y + dy + LINE];
}

/**
 * The area that two boxes share.
 * @param {number[]} a
 * @param {number[]} b
 */
const overlap = (a, b) =>
  Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));

/**
 * For each label the side on which it covers least of the others.
 * @param {number[][]} points
 * @param {string[]} texts
 */
function sides(points, texts) {
  const boxes = points.map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
  return points.map((point, i) => {
    const options = SIDES.map((side) => {
      const box = boxOf(point, LETTER * [...texts[i]].length, side);
      return { side, box, cost: boxes.reduce((sum, other, j) => sum + (j === i ? 0 : overlap(box, other)), 0) };
    });
    const best = options.reduce((a, b) => (b.cost < a.cost ? b : a));
    boxes.push(best.box);
    return best.side;
  });
}

/**
 * Points as pixels of a plot of this size: only for placing labels. `equal`: both axes have the same unit.
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {number} width
 * @param {number} height
 * @param {boolean} equal
 */
function onScreen(xs, ys, width, height, equal) {
  /** @param {number[]} values */
  const reach = (values) => Math.max(...values) - Math.min(...values) || 1;
  const [across, up] = [width / reach(xs), height / reach(ys)];
  const least = Math.min(across, up);
  return xs.map((x, i) => [x * (equal ? least : across), -ys[i] * (equal ? least : up)]);
}

/**
 * A map in `root`. `onSelect(position)` is called when a token of the run is clicked.
 * @param {HTMLElement} root
 * @param {string} url
 * @param {(position: number) => void} onSelect
 */
export function tokenMap(root, url, onSelect) {
  /** @type {Page.TokenMap} */
  let found = null;
  const chart = plot(root, url, {
    name: 'token-map',
    describe: () => words.mapLabel(found),
    onClick: ({ data }) =>
      Number.isInteger(data) && found.positions[data]?.length && onSelect(found.positions[data][0]),
  });

  /**
   * @param {number[][]} points
   * @param {{ three: boolean, selected: number, wide: boolean }} options
   */
  function traces(points, { three, selected, wide }) {
    const [x, y, z] = [0, 1, 2].map((a) => (/** @type {number} */ i) => found.coordinates[i * found.n_axes + a]);
    /** @param {number[]} indices */
    const at = (indices) => ({ x: indices.map(x), y: indices.map(y), ...(three && { z: indices.map(z) }) });
    const kind = three ? 'scatter3d' : 'scatter';
    const { tokens, links } = found;
    const n = links.length;
    const all = tokens.map((_, i) => i);
    const near = all.slice(n);
    const linked = links[selected] ?? [];
    const ofSelected = near.filter((i) => linked.includes(i));
    /** @param {number} i */
    const ownersOf = (i) => links.flatMap((those, owner) => (those.includes(i) ? [label(tokens[owner], 20)] : []));
    /** @param {number} i */
    const hover = (i) =>
      `${plain(label(tokens[i], 40))}<br>${words.id(tokens[i].id)}${i < n ? '' : `<br>${plain(words.neighbourOf(ownersOf(i)))}`}`;
    /** @param {number[]} indices @param {object} more */
    const common = (indices, more) => ({
      type: kind,
      ...at(indices),
      customdata: indices,
      hovertemplate: '%{hovertext}<extra></extra>',
      hovertext: indices.map(hover),
      ...more,
    });
    /** @param {number[]} owners @param {string} color @param {number} width */
    const lines = (owners, color, width) => {
      /** @param {(index: number) => number} get */
      const gaps = (get) => owners.flatMap((o) => links[o].flatMap((i) => [get(i), get(o), null]));
      return {
        type: kind,
        mode: 'lines',
        x: gaps(x),
        y: gaps(y),
        ...(three && { z: gaps(z) }),
        line: { color, width },
        hoverinfo: 'skip',
      };
    };
    const texts = all.map((i) => label(tokens[i], 14));
    // The selected token comes last, so that it lies on top of what is near it.
    const prompt = all.slice(0, n).sort((a, b) => Number(a === selected) - Number(b === selected));
    const labelled = [...prompt, ...ofSelected];
    const placed =
      !three &&
      sides(
        labelled.map((i) => points[i]),
        labelled.map((i) => texts[i]),
      );
    /** @param {number} from @param {number} to */
    const side = (from, to) => (placed ? placed.slice(from, to) : 'top center');
    /** @param {number[]} indices @param {string} color @param {number} size @param {string | string[]} textposition */
    const names = (indices, color, size, textposition) => ({
      mode: 'markers+text',
      text: indices.map((i) => plain(texts[i])),
      textposition,
      textfont: { family: css('--mono'), size: size * zoomFactor(), color },
      cliponaxis: false,
    });
    return [
      lines(all.slice(0, n), css('--line'), 1),
      lines(linked.length ? [selected] : [], css('--c-key'), three ? 3 : 1.5),
      common(
        near.filter((i) => !linked.includes(i)),
        { mode: 'markers', marker: { size: three ? 3 : 5, color: css('--ink-2'), opacity: 0.55 } },
      ),
      // Neighbours have their names written where there is room, and elsewhere show them on hover.
      common(ofSelected, {
        ...(three || !wide ? { mode: 'markers' } : names(ofSelected, css('--ink-2'), 11, side(n, labelled.length))),
        marker: { size: three ? 3.5 : 6, color: css('--c-key') },
      }),
      common(prompt, {
        ...names(prompt, css('--ink'), 13, side(0, n)),
        marker: {
          size: prompt.map((i) => ((three ? 12 : 10) + (i === selected ? 4 : 0)) * zoomFactor()),
          sizemode: 'diameter',
          color: prompt.map((i) => css(i === selected ? '--c-key' : '--accent')),
          opacity: 1,
          line: { color: css('--surface'), width: 1 },
        },
      }),
    ];
  }

  return {
    /** @param {Page.TokenMap} next @param {{ three: boolean, position: number }} options */
    show(next, { three, position }) {
      found = next;
      const selected = found.positions.findIndex((places) => places.includes(position));
      // Both axes have the same unit where there is room for it.
      const wide = root.clientWidth > NARROW;
      const titles = [0, 1, 2].map((a) => words.component(a, found.explained[a]));
      const xs = found.tokens.map((_, i) => found.coordinates[i * found.n_axes]);
      const ys = found.tokens.map((_, i) => found.coordinates[i * found.n_axes + 1]);
      const points = onScreen(xs, ys, Math.max(200, root.clientWidth - 110), wide ? 400 : 300, wide);
      const away = wide ? 1.5 : 2.2;
      const scene = {
        xaxis: axis(titles[0]),
        yaxis: axis(titles[1]),
        zaxis: axis(titles[2]),
        dragmode: 'turntable',
        aspectmode: 'data',
        camera: { eye: { x: away, y: away, z: away / 2 } },
      };
      const layout = three
        ? { scene, margin: { l: 0, r: 0, t: 0, b: 0 } }
        : {
            xaxis: axis(titles[0]),
            yaxis: axis(titles[1], wide ? { scaleanchor: 'x' } : {}),
            dragmode: wide && 'pan',
            margin: { l: 58, r: wide ? 40 : 30, t: 28, b: 44 },
          };
      return chart.show(traces(points, { three, selected, wide }), layout, `${found.key}:${three}`);
    },
  };
}
