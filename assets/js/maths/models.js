// Which model a recipe names.

/** The parts of a recipe that choose a model, with what is usual. */
export const MODEL = { model: '', revision: '', device: '', dtype: '' };

/** False where nothing is kept between two passes: no keys and values, or a cache that is not used. */
export const keepsCache = (card) => card?.n_heads !== 0 && !card?.uncached;

/** Those parts of a recipe, or of anything that has them. */
export const modelOf = (recipe) => Object.fromEntries(Object.keys(MODEL).map((name) => [name, recipe[name] ?? '']));

/** False for a model that carries a state of fixed size in place of keys and values. */
export const hasAttention = (card) => card?.n_heads !== 0;

/** True where at least one layer's maps can be shown. */
export const hasMaps = (card) => card.attention_layers.length > 0;

/** Equal for recipes of one model. */
export const modelKey = (recipe) => JSON.stringify(modelOf(recipe));
