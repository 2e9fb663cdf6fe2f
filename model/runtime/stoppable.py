"""Work that ends at its next tensor operation once nobody wants its result: for work that tells no progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.overrides import TorchFunctionMode

from model.request.errors import Cancelled


class _Watched(TorchFunctionMode):
    def __init__(self, unwanted: Callable[[], bool]):
        super().__init__()
        self.unwanted = unwanted

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if self.unwanted():
            raise Cancelled(str(func))
        return func(*args, **(kwargs or {}))


@contextmanager
def stoppable(unwanted: Callable[[], bool]) -> Iterator[None]:
    """Asks `unwanted()` before each tensor operation of this thread; raises Cancelled there once it is true."""
    with _Watched(unwanted):
        yield
