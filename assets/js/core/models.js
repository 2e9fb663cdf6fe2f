// Which model a recipe names.

/** The parts of a recipe that choose a model, with what is usual. */
export const MODEL = { model: '', revision: '', device: '', dtype: '' };

/** Those parts of a recipe, or of anything that has them. */
export const modelOf = (recipe) => Object.fromEntries(Object.keys(MODEL).map((name) => [name, recipe[name] ?? '']));

/** Equal for recipes of one model. */
export const modelKey = (recipe) => JSON.stringify(modelOf(recipe));
