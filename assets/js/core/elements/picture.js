// Figures as self-contained pictures: computed colours and fonts are written into the file.

const KEPT = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'opacity',
  'color',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'letter-spacing',
  'text-anchor',
  'dominant-baseline',
  'display',
  'visibility',
  'paint-order',
  'white-space',
];
const SCALE = 2;
// XML cannot contain these.
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * The background colour that is visible behind an element.
 * @param {Element} element
 */
function behind(element) {
  for (let node = element; node; node = node.parentElement) {
    const { backgroundColor } = getComputedStyle(node);
    if (!/^rgba\(.*, 0\)$|^transparent$/.test(backgroundColor)) return backgroundColor;
  }
  return '#ffffff';
}

/**
 * Copies the computed style of each element in `from` to its counterpart in `to`.
 * @param {Element} from
 * @param {Element} to
 */
function inlineStyles(from, to) {
  const style = getComputedStyle(from);
  to.setAttribute('style', KEPT.map((name) => `${name}:${style.getPropertyValue(name)}`).join(';'));
  to.removeAttribute('class');
  for (const [i, child] of [...from.children].entries()) inlineStyles(child, to.children[i]);
}

/**
 * An SVG element as a file's text, with its background.
 * @param {SVGElement} figure
 */
export function svgText(figure) {
  const { width, height } = figure.getBoundingClientRect();
  const copy = /** @type {SVGElement} */ (figure.cloneNode(true));
  inlineStyles(figure, copy);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  if (!copy.hasAttribute('viewBox')) copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  copy.style.background = behind(figure);
  return new XMLSerializer().serializeToString(copy).replace(CONTROL, '');
}

/**
 * @param {HTMLCanvasElement | HTMLImageElement} source
 * @param {number} width
 * @param {number} height
 * @param {string} background
 * @returns {Promise<Blob>}
 */
function paint(source, width, height, background) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pen = canvas.getContext('2d');
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  pen.drawImage(source, 0, 0, width, height);
  return new Promise((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
}

/**
 * An SVG or canvas element as a PNG.
 * @param {SVGElement | HTMLCanvasElement} figure
 */
export async function png(figure) {
  if (figure instanceof HTMLCanvasElement) return paint(figure, figure.width, figure.height, behind(figure));
  const { width, height } = figure.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(figure))}`;
  await image.decode();
  return paint(image, Math.ceil(width * SCALE), Math.ceil(height * SCALE), behind(figure));
}
