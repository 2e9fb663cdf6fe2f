"""The time limit of one live measurement, which is shorter on a hosted page."""

import time


class Budget:
    """A number of seconds, counted from when the object was created."""

    def __init__(self, seconds: int):
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Remaining seconds; negative once the budget is overdrawn."""
        return self._until - time.monotonic()

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether work of about `seconds` still fits."""
        return self.left > seconds
