// Tables as CSV. A spreadsheet must open text as text and never as a formula.

const NUMBER = /^[-+−]?\d[\d.,\u202f ]*(e[-+]?\d+)?( ?%)?$/i;
// How a formula begins in a spreadsheet; a token may begin the same way.
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/u;

/**
 * One field: quoted where it must be, and never a formula.
 * @param {string} text
 */
export function field(text) {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\n\r;\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Rows of texts as a file's text, with the byte order mark by which Excel recognises UTF-8.
 * @param {string[][]} rows
 */
export const csv = (rows) => `\ufeff${rows.map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;

/** @param {Element} node */
const words = (node) => node.textContent.replace(/[\n\r]+/g, ' ').trim();

/**
 * A table's rows; a cell that spans several columns is followed by empty ones.
 * @param {HTMLTableElement} table
 */
export const tableRows = (table) =>
  [...table.rows].map((row) =>
    [...row.cells].flatMap((cell) => [words(cell), ...Array.from({ length: cell.colSpan - 1 }, () => '')]),
  );

/**
 * A list of figures as rows of name, value and note.
 * @param {Element} list
 */
export const factRows = (list) =>
  [...list.querySelectorAll('.fact')].map((fact) => [...fact.querySelectorAll('dt, dd > *')].map(words));
