// What the server reads of a trace file. The rest, most of it, is what the page draws, and stays here: a request has a
// limit of 2 MB.

/**
 * Some fields of an object, as they are; anything else stays what it is, for the server to refuse.
 * @param {unknown} value
 * @param {Record<string, (inner: unknown) => unknown>} fields
 */
function part(value, fields) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const given = Object.entries(fields).filter(([name]) => name in value);
  return Object.fromEntries(
    given.map(([name, read]) => [name, read(/** @type {Record<string, unknown>} */ (value)[name])]),
  );
}

const whole = (/** @type {unknown} */ value) => value;

/**
 * The same for each of a list.
 * @param {Record<string, (inner: unknown) => unknown>} fields
 */
const each = (fields) => (/** @type {unknown} */ value) =>
  Array.isArray(value) ? value.map((inner) => part(inner, fields)) : value;

const TOKEN = { id: whole };
const FIELDS = {
  format: whole,
  version: whole,
  recipe: whole,
  made_by: whole,
  model: (/** @type {unknown} */ value) => part(value, { model_id: whole, revision: whole }),
  tokens: each(TOKEN),
  steps: each({
    token: (value) => part(value, TOKEN),
    candidates: (value) => part(value, { token_ids: whole, probability: whole }),
  }),
  logits: each({ step: whole, sha256: whole }),
};

/**
 * A trace file without what the server does not read.
 * @param {unknown} trace
 */
export const sentTrace = (trace) => part(trace, FIELDS);
