// All logits of one step, fetched once they are needed: then any setting can be previewed exactly.

import { unpack } from '../../maths/arrays.js';
import { createAsk } from '../ask.js';

/**
 * get(run, step): the logits (vocab,) when they are here, else null. `onready` is called when they have come,
 * `onfail(error)` when they do not; the next get asks again.
 * @param {Page.Ask} view
 * @param {() => void} onready
 * @param {(error: Error) => void} onfail
 */
export function createLogits(view, onready, onfail) {
  const asking = createAsk();
  let kept = null;

  return (run, step) => {
    asking.ask({
      key: `${run.key}:${step}`,
      question() {
        kept = null;
        return view('logits', { step });
      },
      answered(answer) {
        kept = unpack(answer.logits).data;
        onready();
      },
      refused(error) {
        asking.forget();
        kept = null;
        onfail(error);
      },
    });
    return kept;
  };
}
