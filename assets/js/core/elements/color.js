// Colours come from the CSS variables, so that light, dark and projector follow of themselves.

function channels(text) {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** The value of a CSS variable on the page's root. */
export const css = (name) =>
  getComputedStyle(document.getElementById('tbt') ?? document.body)
    .getPropertyValue(name)
    .trim();

/** A colour variable as [r, g, b]. */
export const rgb = (name) => channels(css(name));

const mix = (a, b, t) => a.map((value, i) => Math.round(value + (b[i] - value) * t));

/** From the surface (0) to a colour (1): a function of t that gives [r, g, b]. */
export function sequential(name) {
  const low = rgb('--surface');
  const high = rgb(name);
  const dark = rgb('--scale-end');
  return (t) => (t < 0.7 ? mix(low, high, Math.max(0, t) / 0.7) : mix(high, dark, (Math.min(1, t) - 0.7) / 0.6));
}

/** From one colour (-1) over the surface (0) to another (1). */
export function diverging(negative = '--c-negative', positive = '--c-positive') {
  const [low, middle, high] = [rgb(negative), rgb('--surface'), rgb(positive)];
  return (t) => (t < 0 ? mix(middle, low, Math.min(1, -t)) : mix(middle, high, Math.min(1, t)));
}
