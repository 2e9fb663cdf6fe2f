// A canvas of cells that answers to pointer and arrow keys.

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * `under(event)` gives the cell at the pointer or null; `toward(right, down)` the cell to choose from the selected one, or
 * nothing; `draw` is called when another cell is hovered. Gives a function: the hovered cell.
 */
export function picking(canvas, { under, toward, draw, onHover, onSelect }) {
  let hovered = null;

  function hover(cell) {
    hovered = cell;
    canvas.style.cursor = cell ? 'pointer' : '';
    onHover(cell);
    draw();
  }

  canvas.addEventListener('pointermove', (event) => {
    const cell = under(event);
    if (!same(cell, hovered)) hover(cell);
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
