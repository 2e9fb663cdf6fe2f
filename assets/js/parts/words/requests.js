// What the page is waiting for, by the name of the view.

/** @type {Record<keyof Payload.Views, string>} */
const NAMES = {
  architecture: 'what the model is made of',
  attention_overview: 'the attention of all heads',
  attention_position: 'what this position attends to',
  attention_tile: 'the attention map',
  bertviz: 'BertViz’s maps',
  cache_costs: 'what each step costs',
  cache_sizes: 'the sizes of caches',
  card: 'what the model is',
  code: 'the code',
  detokenize: 'the text of each step',
  drafts: 'the drafts that fit this model',
  embed_dot_product: 'the dot product',
  embed_map: 'the map of tokens',
  embed_nearest: 'the nearest tokens',
  embed_positions: 'how positions are encoded',
  embed_rows: 'the rows of the embedding',
  embed_similarity: 'how alike the tokens are',
  encode: 'the tokens of a text',
  head_checks: 'the checks of this head',
  head_scores: 'what each head does',
  kv_cache: 'the KV cache',
  latency: 'the times of this run',
  layers_attribution: 'what pushed the token',
  layers_lens: 'the logit lens',
  layers_neurons: 'the neurons of the MLP',
  layers_residual: 'the residual stream',
  logits: 'all logits',
  models: 'the list of models',
  model_look: 'this model’s config',
  one_head: 'one head, step by step',
  prefill_checks: 'the checks of this run',
  run: 'the run',
  step_checks: 'the checks of this step',
  tokenize_languages: 'other languages',
  tokenize_merges: 'the merges',
  tokenize_path: 'the way to tokens',
  tokenize_seen: 'what the model sees',
  tokenize_shares: 'the shares of tokens',
  whatif: 'the estimate',
};

/** @param {string[]} names */
const all = ([first, ...more]) =>
  `${NAMES[/** @type {keyof Payload.Views} */ (first)] ?? 'this view'}${more.length ? ` and ${more.length} more` : ''}`;

export const requests = {
  /** @param {string[]} names */
  computing: (names) => `Computing ${all(names)} …`,
  stop: 'Stop',
  /** @param {string[]} names */
  stopped: (names) => (names.length ? `Stopped: ${all(names)}.` : ''),
  again: 'Compute it',
};
