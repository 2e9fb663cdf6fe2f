"""The range of positions of a long run that is shown around a selected one."""

from model.request.errors import UserError


def window(n_positions: int, around: int, size: int) -> tuple[int, int]:
    """The range [start, stop) of at most `size` positions that contains `around`.

    It moves in steps of half a window, so nearby positions share one. Raises UserError if `around` is not in the run.
    """
    if not 0 <= around < n_positions:
        raise UserError(f"Position {around} is not in this run of {n_positions:,} positions (from 0).")
    step = max(1, size // 2)
    start = round((around - size / 2) / step) * step
    start = min(max(start, 0), max(0, n_positions - size))
    return start, min(start + size, n_positions)
