// The logit lens, which arrives some rows at a time.

import { unpack } from './arrays.js';

/**
 * The layer after which a row stands; null for row 0, the embedding.
 * @param {number} row
 */
export const layerOf = (row) => (row === 0 ? null : row - 1);

/**
 * A window of the lens that fills row by row.
 * @param {Payload.LensAnswer} tile
 */
function collect(tile) {
  const [, columns, k] = tile.top_ids.shape;
  const cells = tile.n_rows * columns;
  const array = (/** @type {number} */ size) => new Float32Array(size).fill(Number.NaN);
  return {
    start: tile.note.start,
    columns,
    k,
    rows: tile.n_rows,
    vocabulary: tile.vocabulary,
    done: 0,
    ids: new Int32Array(cells * k),
    top: array(cells * k),
    entropy: array(cells),
    target: array(cells),
    rank: new Int32Array(cells),
    next: unpack(tile.target).data,
    /** @type {Map<number, Page.Token>} */
    tokens: new Map(),
    note: tile.note,
    checks: tile.checks,
  };
}

/**
 * @param {ReturnType<typeof collect>} found
 * @param {Payload.LensAnswer} tile
 */
function put(found, tile) {
  const from = tile.row_start * found.columns;
  found.ids.set(unpack(tile.top_ids).data, from * found.k);
  found.top.set(unpack(tile.top_probability).data, from * found.k);
  found.entropy.set(unpack(tile.entropy).data, from);
  found.target.set(unpack(tile.target_probability).data, from);
  found.rank.set(unpack(tile.target_rank).data, from);
  for (const [key, text] of Object.entries(tile.texts)) {
    const id = Number(key);
    const partial = id in tile.partial;
    found.tokens.set(id, { id, text, partial, bytes: tile.partial[id] ?? [], special: tile.special.includes(id) });
  }
  found.done = tile.row_stop;
  if (tile.checks.length) found.checks = tile.checks;
}

/**
 * The lens around a position: yields the same window each time more of its rows have arrived.
 * @param {(args: Page.Args) => Promise<Payload.LensAnswer>} ask
 * @param {number} position
 */
export async function* readLens(ask, position) {
  /** @type {ReturnType<typeof collect>} */
  let found = null;
  do {
    const tile = await ask({ position, row_start: found?.done ?? 0 });
    found ??= collect(tile);
    put(found, tile);
    yield found;
  } while (found.done < found.rows);
}
