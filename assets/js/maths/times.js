// A run's own times. Tokens that a branch took over from an earlier run were not generated in this one.

/**
 * Inter-token latencies, in ms, of the tokens that this run generated itself.
 * @param {Page.Run} run
 */
export const ownItl = (run) => run.itl_ms.filter((_, i) => !run.steps[i + 1]?.reused);

/**
 * How many of its tokens a run took over.
 * @param {Page.Run} run
 */
export const reusedCount = (run) => run.steps.filter((step) => step.reused).length;

/** @param {Iterable<number>} values */
export function median(values) {
  const order = [...values].sort((a, b) => a - b);
  const middle = Math.floor(order.length / 2);
  return order.length % 2 ? order[middle] : (order[middle - 1] + order[middle]) / 2;
}
