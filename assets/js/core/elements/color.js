// Colours come from the CSS variables, so that light, dark and projector mode are followed automatically.

/** @param {string} text */
function channels(text) {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/**
 * The value of a CSS variable on the page's root.
 * @param {string} name
 */
export const css = (name) =>
  getComputedStyle(document.getElementById('tbt') ?? document.body)
    .getPropertyValue(name)
    .trim();

/**
 * A colour variable as [r, g, b].
 * @param {string} name
 */
export const rgb = (name) => channels(css(name));

/**
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} t
 */
const mix = (a, b, t) => a.map((value, i) => Math.round(value + (b[i] - value) * t));

/**
 * A colour scale from the surface (0) to a colour (1).
 * @param {string} name
 * @returns {Page.Scale}
 */
export function sequential(name) {
  const low = rgb('--surface');
  const high = rgb(name);
  const dark = rgb('--scale-end');
  return (t) => (t < 0.7 ? mix(low, high, Math.max(0, t) / 0.7) : mix(high, dark, (Math.min(1, t) - 0.7) / 0.6));
}

/**
 * A colour scale from one colour (-1) over the surface (0) to another (1).
 * @returns {Page.Scale}
 */
export function diverging(negative = '--c-negative', positive = '--c-positive') {
  const [low, middle, high] = [rgb(negative), rgb('--surface'), rgb(positive)];
  return (t) => (t < 0 ? mix(middle, low, Math.min(1, -t)) : mix(middle, high, Math.min(1, t)));
}
