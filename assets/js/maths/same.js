// Whether two values say the same, in whatever order their properties stand.

/** A value with the properties of all its objects in the order of their names. */
export const ordered = (value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, ordered(value[key])]),
      )
    : value;

export const same = (a, b) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));
