// Whether two values are equal, in whatever order their properties stand.

/**
 * A value of JSON with the properties of each of its objects in alphabetical order.
 * @param {unknown} value
 * @returns {unknown}
 */
export const ordered = (value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, ordered(/** @type {Record<string, unknown>} */ (value)[key])]),
      )
    : value;

/**
 * @param {unknown} a
 * @param {unknown} b
 */
export const same = (a, b) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));
