"""Which part of a long run is shown around a position."""

from model.request.errors import UserError


def window(n_positions: int, around: int, size: int) -> tuple[int, int]:
    """At most `size` positions that hold `around`: moves in half-window steps, so neighbours
    share it.
    """
    if not 0 <= around < n_positions:
        raise UserError(f"Position {around} is not in this run of {n_positions:,} positions (from 0).")
    step = max(1, size // 2)
    start = round((around - size / 2) / step) * step
    start = min(max(start, 0), max(0, n_positions - size))
    return start, min(start + size, n_positions)
