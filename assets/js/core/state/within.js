// Keeps what is selected within the run and the model that are shown.

/** The nearest place of `size` of them, from 0. */
export const within = (value, size) => Math.max(0, Math.min(value, size - 1));

/**
 * The layer to look at: a hybrid's first layers may have no attention to show.
 * @param {number} layer
 * @param {Page.Card} card
 */
export const layerOf = (layer, { n_layers: n, attention_layers: shown = [] }) =>
  shown.length && !shown.includes(layer) ? shown[0] : within(layer, n);
