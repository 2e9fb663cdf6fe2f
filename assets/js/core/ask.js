// The guard against stale answers: of several questions in one place, only the newest counts.

/** Not equal to any key. */
const NOTHING = Symbol('nothing');

/**
 * For one place of the page, which shows one answer at a time. While an answer is under way, the selection, the run or
 * the model may change: what then arrives is about something that is no longer shown, and is dropped.
 * @returns {Page.Asking}
 */
export function createAsk() {
  /** @type {string | symbol} */
  let asked = NOTHING;
  let turn = 0;

  return {
    /**
     * Asks `question(isNewest)`, and gives its answer to `answered(answer, isNewest)`, or what went wrong in either of
     * them to `refused(error)`; neither is called once a newer question was asked. A question with several answers
     * ends itself when `isNewest()` is false. With a `key`, nothing happens while it equals that of the last question,
     * unless `again` is set.
     */
    async ask({ key = NOTHING, again = false, question, answered = () => {}, refused }) {
      if (key !== NOTHING && key === asked && !again) return;
      asked = key;
      turn += 1;
      const mine = turn;
      const isNewest = () => mine === turn;
      try {
        const answer = await question(isNewest);
        if (isNewest()) await answered(answer, isNewest);
      } catch (error) {
        if (isNewest()) refused(error);
      }
    },

    /** The last question may be asked again; its answer still counts. */
    forget() {
      asked = NOTHING;
    },

    /** The place shows something else by now: the answer that is under way does not count. */
    drop() {
      asked = NOTHING;
      turn += 1;
    },
  };
}
