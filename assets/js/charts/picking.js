// A canvas of cells that responds to the pointer and the arrow keys.

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * Returns a function that gives the hovered cell, or null.
 * @template Cell
 * @param {HTMLCanvasElement} canvas
 * @param {Page.Picking<Cell>} options
 */
export function picking(canvas, { under, toward, draw, onHover, onSelect }) {
  /** @type {Cell | null} */
  let hovered = null;

  /** @param {Cell | null} cell */
  function hover(cell) {
    hovered = cell;
    canvas.style.cursor = cell ? 'pointer' : '';
    onHover(cell);
    draw();
  }

  canvas.addEventListener('pointermove', (event) => {
    const cell = under(event);
    if (JSON.stringify(cell) !== JSON.stringify(hovered)) hover(cell);
  });
  canvas.addEventListener('pointerleave', () => hover(null));
  canvas.addEventListener('click', (event) => {
    const cell = under(event);
    if (cell) onSelect(cell);
  });
  canvas.addEventListener('keydown', (event) => {
    const cell = event.key in ARROWS && toward(...ARROWS[event.key]);
    if (!cell) return;
    event.preventDefault();
    // The arrow keys walk through the stages elsewhere on the page.
    event.stopPropagation();
    onSelect(cell);
  });
  return () => hovered;
}
