"""Caches results per model, for as long as the model lives."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from model.network.language_model import LanguageModel

T = TypeVar("T")


def once_per_model(find: Callable[[LanguageModel], T]) -> Callable[[LanguageModel], T]:
    """Caches `find(lm)` per model. Its result must not refer to `lm`, which would then never be freed."""
    cache: WeakKeyDictionary[LanguageModel, T] = WeakKeyDictionary()

    @wraps(find)
    def cached_find(lm: LanguageModel) -> T:
        if lm not in cache:
            cache[lm] = find(lm)
        return cache[lm]

    cached_find.cache_clear = cache.clear
    return cached_find
