"""How long one live measurement may take: a hosted page gives each visitor less."""

import time


class Budget:
    """Seconds that began to run when it was made."""

    def __init__(self, seconds: int):
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, negative when it is overdrawn."""
        return self._until - time.monotonic()

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether work that will take about `seconds` still fits."""
        return self.left > seconds
