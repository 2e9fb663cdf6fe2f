// Pixels of an element: its own unit may be larger than the screen's, for projector mode enlarges the page by CSS zoom.

/** How much larger than usual an element is shown. */
export const zoomOf = (element) => element.currentCSSZoom ?? 1;

/** How many pixels of the screen one pixel of the element is wide: what a canvas must have to be sharp. */
export const sharpness = (element) => (window.devicePixelRatio || 1) * zoomOf(element);

/** Where a pointer event is in an element, in the element's own pixels. */
export function within(element, event) {
  const box = element.getBoundingClientRect();
  const zoom = zoomOf(element);
  return { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom };
}
