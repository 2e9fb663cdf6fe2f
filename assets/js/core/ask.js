// The guard against stale answers: of several questions at one place of the page, only the newest counts.

/** Not equal to any key. */
const NOTHING = Symbol('nothing');

/**
 * For one place of the page, which shows one answer at a time. While a request is pending, the selection, the run or
 * the model may change: the answer is then about something that is no longer shown, and is dropped.
 * @returns {Page.Asking}
 */
export function createAsk() {
  /** @type {string | symbol} */
  let asked = NOTHING;
  let turn = 0;

  return {
    /**
     * Calls `question`, then `answered` with its answer, or `refused` with an error of either of them; neither is called
     * after a newer question was asked. A question with several answers must end itself when `isNewest()` is false. A
     * question with the `key` of the last one is ignored, unless `again` is set.
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

    /** Allows the last question to be asked again; a pending answer still counts. */
    forget() {
      asked = NOTHING;
    },

    /** Drops the pending answer, because the place now shows something else. */
    drop() {
      asked = NOTHING;
      turn += 1;
    },
  };
}
