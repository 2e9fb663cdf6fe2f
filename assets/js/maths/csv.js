// Tables as CSV that a spreadsheet opens as what it is: text stays text.

const NUMBER = /^[-+−]?\d[\d.,\u202f ]*(e[-+]?\d+)?( ?%)?$/i;
// What a spreadsheet takes for the beginning of a formula; a token may well begin so.
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/u;

/** One field: quoted where it must be, and never a formula. */
export function field(text) {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\n\r;\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of texts as a file's text, with the mark by which Excel knows UTF-8. */
export const csv = (rows) => `\ufeff${rows.map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;

const words = (node) => node.textContent.replace(/[\n\r]+/g, ' ').trim();

/** A table's rows; a cell over several columns is followed by empty ones. */
export const tableRows = (table) =>
  [...table.rows].map((row) =>
    [...row.cells].flatMap((cell) => [words(cell), ...Array.from({ length: cell.colSpan - 1 }, () => '')]),
  );

/** A list of figures as rows of name, value and note. */
export const factRows = (list) =>
  [...list.querySelectorAll('.fact')].map((fact) => [...fact.querySelectorAll('dt, dd > *')].map(words));
