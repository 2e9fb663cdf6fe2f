// All logits of one step, fetched when they are needed: any sampling setting can then be previewed exactly.

import { unpack } from '../../maths/arrays.js';
import { createAsk } from '../ask.js';

/**
 * A function that returns the logits (vocab,) of a step if they have arrived, else null. It then fetches them and calls
 * `onready`, or `onfail`; after a failure the next call tries again.
 * @param {Page.Ask} view
 * @param {() => void} onready
 * @param {(error: Error) => void} onfail
 */
export function createLogits(view, onready, onfail) {
  const asking = createAsk();
  /** @type {Page.Numbers} */
  let logits = null;

  return (/** @type {Page.Run} */ run, /** @type {number} */ step) => {
    asking.ask({
      key: `${run.key}:${step}`,
      question() {
        logits = null;
        return view('logits', { step });
      },
      onanswer(answer) {
        logits = unpack(answer.logits).data;
        onready();
      },
      onerror(error) {
        asking.forget();
        logits = null;
        onfail(error);
      },
    });
    return logits;
  };
}
