// Elements from data. Text always goes through textContent: nothing from a prompt, a token or a model is markup.

import { split } from './terms.js';

const SVG = 'http://www.w3.org/2000/svg';

// The page's own sentences, whose terms are explained. Visitors' and models' texts stand in other elements.
const SENTENCES = 'h2:not(.plain), h3:not(.plain), p.dim, p.sentence, p.measure-said, dt';

/**
 * @template {HTMLElement | SVGElement} N
 * @param {N} node
 * @param {Page.Props | null} props
 * @param {Page.Child[]} children
 * @returns {N}
 */
function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2).toLowerCase(), value);
    else if (name === 'style' && typeof value === 'object') {
      for (const [key, part] of Object.entries(value)) node.style.setProperty(key, part);
    } else if (name === 'dataset') Object.assign(node.dataset, value);
    else node.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : value);
  }
  append(node, ...children);
  return node;
}

/**
 * Adds children behind those a node has: elements, text, lists of both; what is null or false is left out.
 * @param {Element} node
 * @param {...Page.Child} children
 */
export function append(node, ...children) {
  const seen = node.matches(SENTENCES) ? new Set() : null;
  for (const child of /** @type {Page.Child[]} */ (children).flat(/** @type {1} */ (Infinity))) {
    if (child === null || child === undefined || child === false) continue;
    node.append(
      child instanceof Node ? child : seen ? sentence(String(child), seen) : document.createTextNode(String(child)),
    );
  }
}

/** @param {{ text: string }} part */
const explained = ({ text }) =>
  h('span', { class: 'term', role: 'button', tabindex: '0', 'aria-describedby': 'term-said' }, text);

/**
 * A sentence in which each term can be pointed at, tapped and reached by keyboard; one element, for its spaces must stay.
 * @param {string} text
 * @param {Set<object>} seen
 */
function sentence(text, seen) {
  const parts = split(text, seen);
  if (parts.every((part) => typeof part === 'string')) return document.createTextNode(text);
  return h(
    'span',
    {},
    parts.map((part) => (typeof part === 'string' ? part : explained(part))),
  );
}

/**
 * An HTML element: h('button', {class: 'x', onclick: f}, 'text', child, [children]).
 * @type {Page.H}
 */
export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);

/**
 * An SVG element.
 * @type {Page.Svg}
 */
export const svg = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

/**
 * Empties a node and puts `children` in. What had the keyboard's focus in it has it again, or what stands there now.
 * @template {Element} N
 * @param {N} node
 * @param {...Page.Child} children
 * @returns {N}
 */
export function fill(node, ...children) {
  const keep = focusWithin(node);
  node.replaceChildren();
  append(node, ...children);
  keep?.();
  return node;
}

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';
/** @param {Element} element */
const nameOf = (element) => element.ariaLabel ?? element.textContent;

/**
 * Null, or the way to bring the focus back to what has it now in a node: the one of its name, else the one at its place.
 * @param {Element} node
 */
function focusWithin(node) {
  const held = document.activeElement;
  if (held === node || !node.contains(held)) return null;
  const name = nameOf(held);
  const place = [...node.querySelectorAll(FOCUSABLE)].indexOf(/** @type {HTMLElement} */ (held));
  return () => {
    const now = [...node.querySelectorAll(FOCUSABLE)];
    (
      now.find((one) => one === held) ??
      now.find((one) => nameOf(one) === name) ??
      now[Math.min(place, now.length - 1)]
    )?.focus({ preventScroll: true });
  };
}

/** @param {Element} node */
export const clear = (node) => fill(node);

/**
 * Shows a message meant for the visitor in place of a node's content.
 * @param {Element} node
 * @param {Page.Child} message
 */
export const notice = (node, message) => fill(node, h('p', { class: 'notice', role: 'status' }, message));

/**
 * A labelled switch.
 * @param {string} label
 * @param {boolean} checked
 * @param {(on: boolean) => void} onchange
 * @param {Page.Props} [props]
 */
export function toggle(label, checked, onchange, props = {}) {
  const box = h('input', { type: 'checkbox', ...props, onchange: () => onchange(box.checked) });
  box.checked = checked;
  return Object.assign(h('label', { class: 'toggle' }, box, h('span', {}, label)), { box });
}
