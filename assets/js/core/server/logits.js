// All logits of one step, fetched once they are needed: then any setting can be previewed exactly.

import { unpack } from '../../maths/arrays.js';

/**
 * get(run, step): the logits (vocab,) when they are here, else null. `onready` is called when they have come,
 * `onfail(error)` when they do not; the next get asks again.
 */
export function createLogits(view, onready, onfail) {
  let kept = { key: '', data: null };

  async function fetchAll(key, step) {
    kept = { key, data: null };
    const answer = await view('logits', { step });
    if (kept.key !== key) return;
    kept.data = unpack(answer.logits).data;
    onready();
  }

  return (run, step) => {
    const key = `${run.key}:${step}`;
    if (kept.key !== key) {
      fetchAll(key, step).catch((error) => {
        if (kept.key !== key) return;
        kept = { key: '', data: null };
        onfail(error);
      });
    }
    return kept.key === key ? kept.data : null;
  };
}
