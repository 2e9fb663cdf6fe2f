"""Runs that a page no longer wants to hear of."""

from collections import deque

REMEMBERED = 512
LONGEST_ID = 64


class Halts:
    """The ids of halted runs, the latest few hundred: a run looks here between two steps."""

    def __init__(self):
        self._ids: deque[str] = deque(maxlen=REMEMBERED)

    def add(self, run_id) -> None:
        """Halts a run. The page makes ids up at random, so no page can name another's."""
        self._ids.append(str(run_id)[:LONGEST_ID])

    def __contains__(self, run_id) -> bool:
        return str(run_id) in self._ids
