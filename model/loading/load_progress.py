"""How many of a model's weights transformers has read so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from transformers.utils import logging

LOOP = "Loading weights"


class _Counted:
    """Stands for tqdm around one loop."""

    def __init__(self, items, report: Callable[[int, int], None]):
        self._items, self._report = items, report

    def __iter__(self) -> Iterator:
        for done, item in enumerate(self._items):
            self._report(done, len(self._items))
            yield item


@contextmanager
def reporting(report: Callable[[int, int], None]) -> Iterator[None]:
    """Inside, `report(done, total)` is called for each weight; what it raises ends the loading.

    transformers has one such hook a process: one model is loaded at a time.
    """

    def hook(factory, args: tuple, settings: dict):
        if args and settings.get("desc") == LOOP and hasattr(args[0], "__len__"):
            return _Counted(args[0], report)
        return factory(*args, **settings)

    before = logging.set_tqdm_hook(hook)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)
