"""What is found out about a model once and kept as long as the model is, and no longer."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from model.network.language_model import LanguageModel

T = TypeVar("T")


def once_per_model(find: Callable[[LanguageModel], T]) -> Callable[[LanguageModel], T]:
    """`find(lm)`, computed at the first call for each model. What it gives must not hold `lm` itself."""
    kept: WeakKeyDictionary[LanguageModel, T] = WeakKeyDictionary()

    @wraps(find)
    def found(lm: LanguageModel) -> T:
        if lm not in kept:
            kept[lm] = find(lm)
        return kept[lm]

    found.cache_clear = kept.clear
    return found
