// Whether two values are equal, regardless of the order of their properties.

/**
 * A value of JSON with the properties of each of its objects in alphabetical order.
 * @param {unknown} value
 * @returns {unknown}
 */
export const sortKeys = (value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sortKeys(/** @type {Record<string, unknown>} */ (value)[key])]),
      )
    : value;

/**
 * @param {unknown} a
 * @param {unknown} b
 */
export const same = (a, b) => JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b));
