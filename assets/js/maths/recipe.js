// Completes a recipe: fields that are not given get their defaults.

import { DEFAULTS } from './sampling.js';

/** How many tokens an answer may have by default. */
export const NEW_TOKENS = 40;

/**
 * A whole recipe from the parts that an example or a link names.
 * @param {Page.Sparse} recipe
 * @returns {Page.Recipe}
 */
export const complete = (recipe) =>
  /** @type {Page.Recipe} */ ({
    chat: false,
    system: '',
    max_new_tokens: NEW_TOKENS,
    forced: [],
    stop: [],
    model: '',
    revision: '',
    device: '',
    dtype: '',
    ...recipe,
    sampling: { ...DEFAULTS, ...recipe.sampling },
  });
