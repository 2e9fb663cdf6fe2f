"""Reports how many of a model's weights transformers has read so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from transformers.utils import logging

LOOP = "Loading weights"


class _CountingLoop:
    """Replaces tqdm around one loop."""

    def __init__(self, items, report: Callable[[int, int], None]):
        self._items, self._report = items, report

    def __iter__(self) -> Iterator:
        for done, item in enumerate(self._items):
            self._report(done, len(self._items))
            yield item


@contextmanager
def reporting(report: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `report(done, total)` for each weight inside the context; an exception from it ends the loading.

    transformers has only one such hook per process, so only one model may be loaded at a time.
    """

    def hook(factory, args: tuple, settings: dict):
        if args and settings.get("desc") == LOOP and hasattr(args[0], "__len__"):
            return _CountingLoop(args[0], report)
        return factory(*args, **settings)

    before = logging.set_tqdm_hook(hook)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)
