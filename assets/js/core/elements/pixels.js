// Pixels of an element. They may be larger than the screen's, because projector mode enlarges the page by CSS zoom.

/**
 * The CSS zoom of an element, as a factor.
 * @param {Element} element
 */
export const zoomOf = (element) => element.currentCSSZoom ?? 1;

/**
 * How many pixels of the screen one pixel of the element is wide: a canvas needs as many to be sharp.
 * @param {Element} element
 */
export const sharpness = (element) => (window.devicePixelRatio || 1) * zoomOf(element);

/**
 * Where a pointer event is in an element, in the element's own pixels.
 * @param {Element} element
 * @param {MouseEvent} event
 */
export function within(element, event) {
  const box = element.getBoundingClientRect();
  const zoom = zoomOf(element);
  return { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom };
}
