"""Runs and looks that a page no longer wants to hear of."""

REMEMBERED = 512
LONGEST_ID = 64


class Halts:
    """The latest few hundred halted ids. A run looks here between two steps, a look at each operation."""

    def __init__(self):
        self._ids: dict[str, None] = {}

    def add(self, halted_id: str) -> None:
        """Halts a run or a look. The page makes ids up at random, so no page can name another's."""
        self._ids[halted_id[:LONGEST_ID]] = None
        while len(self._ids) > REMEMBERED:
            self._ids.pop(next(iter(self._ids)), None)

    def __contains__(self, asked_id: object) -> bool:
        return isinstance(asked_id, str) and asked_id in self._ids
