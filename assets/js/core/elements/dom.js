// Elements from data. Text always goes through textContent: nothing from a prompt, a token or a model is markup.

import { split } from './terms.js';

const SVG = 'http://www.w3.org/2000/svg';

// Elements with the page's own sentences, in which terms are explained. Text of visitors and models is never in these.
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
    if (typeof value === 'function') {
      node.addEventListener(name.slice(2).toLowerCase(), /** @type {(event: Event) => void} */ (value));
    } else if (name === 'style' && typeof value === 'object') {
      for (const [key, part] of Object.entries(value)) node.style.setProperty(key, String(part));
    } else if (name === 'dataset') Object.assign(node.dataset, value);
    else node.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : String(value));
  }
  append(node, ...children);
  return node;
}

/**
 * Appends children: elements, text, and lists of both; null and false are skipped.
 * @param {Element} node
 * @param {...Page.Child} children
 */
export function append(node, ...children) {
  const explained = node.matches(SENTENCES) ? new Set() : null;
  for (const child of /** @type {Page.Child[]} */ (children).flat(/** @type {1} */ (Infinity))) {
    if (child === null || child === undefined || child === false) continue;
    node.append(
      child instanceof Node
        ? child
        : explained
          ? sentence(String(child), explained)
          : document.createTextNode(String(child)),
    );
  }
}

/** @param {{ text: string }} part */
const termElement = ({ text }) =>
  h('span', { class: 'term', role: 'button', tabindex: '0', 'aria-describedby': 'term-said' }, text);

/**
 * A sentence whose terms can be hovered, tapped and focused. It is one element, so that its spaces stay in a flex box.
 * @param {string} text
 * @param {Set<Page.Term>} seen
 */
function sentence(text, seen) {
  const parts = split(text, seen);
  if (parts.every((part) => typeof part === 'string')) return document.createTextNode(text);
  return h(
    'span',
    {},
    parts.map((part) => (typeof part === 'string' ? part : termElement(part))),
  );
}

/**
 * An HTML element: h('button', {class: 'x', onclick: f}, 'text', child, [children]).
 * @type {Page.H}
 */
export const h = (
  /** @type {string} */ tag,
  /** @type {Page.Props | null} */ props,
  /** @type {Page.Child[]} */ ...children
) => build(document.createElement(tag), props, children);

/**
 * An SVG element.
 * @type {Page.Svg}
 */
export const svg = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

/**
 * Replaces the children of a node. The keyboard's focus stays on the same element, or on the one now in its place.
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
 * Null when the focus is not inside the node, else a function that restores it after the children were replaced: to the
 * same element, else to the one with the same name, else to the one at the same place.
 * @param {Element} node
 */
function focusWithin(node) {
  const active = document.activeElement;
  if (active === node || !node.contains(active)) return null;
  const name = nameOf(active);
  const place = [...node.querySelectorAll(FOCUSABLE)].indexOf(/** @type {HTMLElement} */ (active));
  return () => {
    const after = [...node.querySelectorAll(FOCUSABLE)];
    (
      after.find((one) => one === active) ??
      after.find((one) => nameOf(one) === name) ??
      after[Math.min(place, after.length - 1)]
    )?.focus({ preventScroll: true });
  };
}

/** @param {Element} node */
export const clear = (node) => fill(node);

/**
 * Replaces a node's content with a message for the visitor.
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
