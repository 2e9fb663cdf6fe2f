// A run from the server, whose tokens and steps may take several answers.

/** @param {Page.Bridge} bridge */
export function createFetch(bridge) {
  /**
   * The run with all tokens of its prompt, and the steps that `old` does not have.
   * @param {Page.Recipe} recipe
   * @param {Page.Run | null} old
   * @param {number | null} [nSteps]
   * @returns {Promise<Page.Run>}
   */
  async function fetchRun(recipe, old, nSteps = null) {
    let tokens = old?.tokens ?? [];
    let answer;
    do {
      answer = await bridge.ask('run', recipe, {
        tokens_from: tokens.length,
        steps_from: old?.steps.length ?? 0,
        n_steps: nSteps,
      });
      tokens = [...tokens, ...answer.tokens];
    } while (tokens.length < answer.n_tokens);
    return { ...answer, tokens };
  }

  /**
   * The run with all tokens and all steps.
   * @param {Page.Recipe} recipe
   */
  async function fetchWhole(recipe) {
    let run = await fetchRun(recipe, null);
    while (run.steps.length < run.n_steps) {
      const more = await fetchRun(recipe, run);
      run = { ...more, steps: [...run.steps, ...more.steps] };
    }
    return run;
  }

  return { fetchRun, fetchWhole };
}
