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
  let lastKey = NOTHING;
  let turn = 0;

  return {
    /**
     * Calls `question`, then `onanswer` with its answer, or `onerror` with an error of either of them; neither is called
     * after a newer question was asked. A question with several answers must end itself when `isNewest()` is false. A
     * question with the `key` of the last one is ignored, unless `again` is set.
     */
    async ask({ key = NOTHING, again = false, question, onanswer = () => {}, onerror }) {
      if (key !== NOTHING && key === lastKey && !again) return;
      lastKey = key;
      turn += 1;
      const mine = turn;
      const isNewest = () => mine === turn;
      try {
        const answer = await question(isNewest);
        if (isNewest()) await onanswer(answer, isNewest);
      } catch (error) {
        if (isNewest()) onerror(error);
      }
    },

    /** Allows the last question to be asked again; a pending answer still counts. */
    forget() {
      lastKey = NOTHING;
    },

    /** Drops the pending answer, because the place now shows something else. */
    drop() {
      lastKey = NOTHING;
      turn += 1;
    },
  };
}
