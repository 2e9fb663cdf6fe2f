// Which model a recipe names.

/** The parts of a recipe that choose a model, with their defaults. */
export const MODEL = { model: '', revision: '', device: '', dtype: '' };

/**
 * False where nothing is kept between two forward passes: no keys and values, or a cache that is not used.
 * @param {Pick<Page.Card, 'n_heads' | 'uncached'> | null} card
 */
export const keepsCache = (card) => card?.n_heads !== 0 && !card?.uncached;

/**
 * The parts that choose a model, from a recipe or from anything else that has them.
 * @param {Partial<Page.ModelChoice>} recipe
 * @returns {Page.ModelChoice}
 */
export const modelOf = (recipe) => ({
  model: recipe.model ?? '',
  revision: recipe.revision ?? '',
  device: recipe.device ?? '',
  dtype: recipe.dtype ?? '',
});

/**
 * False for a model that carries a state of fixed size in place of keys and values.
 * @param {Pick<Page.Card, 'n_heads'> | null} card
 */
export const hasAttention = (card) => card?.n_heads !== 0;

/**
 * True where the attention maps of at least one layer can be shown.
 * @param {Pick<Page.Card, 'attention_layers'>} card
 */
export const hasMaps = (card) => card.attention_layers.length > 0;

/** Names of checks that hold a model's file against something else, and say nothing of what is captured from it. */
const OF_THE_FILE = /= llama\.cpp's$|^header: |^weights: /;

/**
 * The checks made at load without those of the model's file, which its facts show.
 * @param {Pick<Page.Card, 'checks'> | null} card
 */
export const captureChecks = (card) => (card?.checks ?? []).filter(({ name }) => !OF_THE_FILE.test(name));

/**
 * Equal for recipes of one model.
 * @param {Partial<Page.ModelChoice>} recipe
 */
export const modelKey = (recipe) => JSON.stringify(modelOf(recipe));
