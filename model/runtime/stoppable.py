"""Cancels work at its next tensor operation once nobody needs the result; for work that reports no progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.overrides import TorchFunctionMode

from model.request.errors import Cancelled


class _CancelMode(TorchFunctionMode):
    def __init__(self, is_cancelled: Callable[[], bool]):
        super().__init__()
        self.is_cancelled = is_cancelled

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if self.is_cancelled():
            raise Cancelled(str(func))
        return func(*args, **(kwargs or {}))


@contextmanager
def stoppable(is_cancelled: Callable[[], bool]) -> Iterator[None]:
    """Calls `is_cancelled()` before each tensor operation of this thread and raises Cancelled once it returns true."""
    with _CancelMode(is_cancelled):
        yield
