// Keeps the selection within the current run and its model.

/**
 * The nearest index of a list of `size`.
 * @param {number} value
 * @param {number} size
 */
export const within = (value, size) => Math.max(0, Math.min(value, size - 1));

/**
 * The layer to select: the first layers of a hybrid may have no attention to show.
 * @param {number} layer
 * @param {Page.Card} card
 */
export const layerOf = (layer, { n_layers: n, attention_layers: shown = [] }) =>
  shown.length && !shown.includes(layer) ? shown[0] : within(layer, n);
