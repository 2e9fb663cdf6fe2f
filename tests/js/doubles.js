// Test doubles: a server whose answers the test controls, and a run.

/** A promise that the test settles: {promise, resolve, reject}. */
export const deferred = () => Promise.withResolvers();

/** Waits for pending microtasks and for timers without delay. */
export const flush = () => new Promise((resolve) => setTimeout(resolve));

export const SETTINGS = { do_sample: false, temperature: 1, seed: 0 };

export const recipe = (prompt, more = {}) => ({
  prompt,
  max_new_tokens: 4,
  sampling: SETTINGS,
  forced: [],
  stop: [],
  ...more,
});

export const card = { n_layers: 2, n_heads: 2, attention_layers: [0, 1] };

/** The server's answer to the view `run`: `nSteps` generated tokens of a recipe whose prompt has two tokens. */
export const answer = (request, nSteps, { tokens_from: tokens = 0, steps_from: steps = 0 } = {}) => ({
  key: `key of ${request.prompt}`,
  recipe: request,
  text_in: request.prompt,
  tokens: [{ id: 1 }, { id: 2 }].slice(tokens),
  tokens_from: tokens,
  n_tokens: 2,
  steps: Array.from({ length: nSteps - steps }, (_, i) => ({ index: steps + i, token: { id: 10 + steps + i } })),
  steps_from: steps,
  n_steps: nSteps,
});

/** A bridge whose runs are driven by the test: `runs` has each {recipe, listen}, `asks` each {name, recipe, args, resolve, reject}. */
export function bridge() {
  const runs = [];
  const asks = [];
  return {
    runs,
    asks,
    stops: 0,
    run: (request, nSteps, listen) => runs.push({ recipe: request, nSteps, listen }),
    job: (name, request, args, listen) => runs.push({ name, recipe: request, args, listen }),
    stop() {
      this.stops += 1;
    },
    ask(name, request, args) {
      const { promise, resolve, reject } = deferred();
      asks.push({ name, recipe: request, args, resolve, reject });
      return promise;
    },
  };
}
