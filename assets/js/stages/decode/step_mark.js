// The mark of one step: its numbers, by a second route on the server, and in this page once the mark is open.

import { checkMark } from '../../charts/check.js';
import { createAsk } from '../../core/ask.js';
import { softmax } from '../../maths/sampling.js';
import { decode as words } from './words/decode.js';

/**
 * A mark whose `show` asks for the checks of a step; `onchange` is called when it has more to show, or needs the logits.
 * @param {Page.Ctx} ctx
 * @param {() => void} onchange
 */
export function stepMark({ store, view }, onchange) {
  const mark = checkMark();
  mark.element.addEventListener('toggle', onchange);
  const asking = createAsk();
  /** @type {Page.Check[]} */
  let checks = [];
  let shown = '';

  /** The step's numbers, compared on the server with a second route from its logits. @param {number} step */
  function ask(step) {
    asking.ask({
      key: shown,
      question: () => view('step_checks', { step }),
      onanswer(answer) {
        checks = answer.checks;
        onchange();
      },
      // The bars stand without them; a refusal of the run itself is told where it is shown.
      onerror: () => asking.forget(),
    });
  }

  return {
    element: mark.element,
    /**
     * @param {Page.Run} run
     * @param {Page.Step} now
     * @param {ArrayLike<number> | null} logits of the step, if they are here
     */
    show(run, now, logits) {
      const { card, status } = store.state;
      const place = `${run.key}:${now.index}`;
      if (place !== shown) {
        // An answer that is on its way would be about the step before.
        asking.drop();
        checks = [];
        shown = place;
      }
      // While a run is followed each step is shown for a moment: its checks would come too late, and slow the run.
      if (status.phase !== 'running') ask(now.index);
      const loaded = (card?.checks ?? [])
        .filter(({ name }) => name.includes('cached'))
        .map((check) => ({ ...check, name: words.atLoad(check.name) }));
      mark.show([...checks, ...(logits ? softmaxChecks(logits, now) : []), ...loaded]);
    },
  };
}

/**
 * Two checks of a step: its probabilities are the softmax of its logits, and they sum to 1.
 * @param {ArrayLike<number>} logits
 * @param {Page.Step} step
 * @returns {Page.Check[]}
 */
function softmaxChecks(logits, { candidates }) {
  const shares = softmax(logits);
  const error = Math.max(
    ...candidates.token_ids.map((id, place) => Math.abs(shares[id] - candidates.probability[place])),
  );
  const sum = candidates.probability.reduce((total, p) => total + p, candidates.remainder);
  return [
    {
      name: words.checkSoftmax,
      error,
      tolerance: 1e-6,
      made: true,
      passed: error <= 1e-6,
      how: words.checkSoftmaxHow(candidates.vocabulary),
    },
    {
      name: words.checkSum,
      error: Math.abs(1 - sum),
      tolerance: 1e-6,
      made: true,
      passed: Math.abs(1 - sum) <= 1e-6,
      how: words.checkSumHow,
    },
  ];
}
