"""Caches results per model, for as long as the model lives."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from model.network.language_model import LanguageModel

T = TypeVar("T")


class once_per_model(Generic[T]):  # noqa: N801 (a decorator, written as one)
    """Caches `find(lm)` per model. Its result must not refer to `lm`, which would then never be freed."""

    def __init__(self, find: Callable[[LanguageModel], T]):
        self._find = find
        self._found: WeakKeyDictionary[LanguageModel, T] = WeakKeyDictionary()
        update_wrapper(self, find)

    def __call__(self, lm: LanguageModel) -> T:
        if lm not in self._found:
            self._found[lm] = self._find(lm)
        return self._found[lm]

    def cache_clear(self) -> None:
        """Forgets what was found, as functools.cache does."""
        self._found.clear()
