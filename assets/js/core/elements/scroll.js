// Scrolls a box, never the page.

import { zoomOf } from './pixels.js';

/**
 * Scrolls `box` until `element` is in view, below `top` pixels that something covers; does nothing if it already is.
 * @param {HTMLElement} box
 * @param {Element | null} element
 */
export function reveal(box, element, top = 0) {
  if (!element || !box.clientHeight) return;
  const zoom = zoomOf(box);
  const inner = box.getBoundingClientRect();
  const outer = element.getBoundingClientRect();
  const above = (outer.top - inner.top) / zoom - top;
  const below = (outer.bottom - inner.top) / zoom - box.clientHeight;
  if (above < 0 || below > 0) box.scrollTop += above - (box.clientHeight - top - outer.height / zoom) / 2;
}
