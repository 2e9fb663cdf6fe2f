"""Switches the attention implementation of a model temporarily."""

from collections.abc import Iterator
from contextlib import contextmanager

from model.network.language_model import LanguageModel


@contextmanager
def attention_as(lm: LanguageModel, implementation: str) -> Iterator[None]:
    """The model uses this attention implementation inside the context; the previous one is restored, even on error.

    Enter it with `lm.lock` held.
    """
    before = lm.model.config.get_text_config()._attn_implementation
    assert before is not None, "a loaded model has an attention implementation"
    try:
        lm.model.set_attn_implementation(implementation)
        yield
    finally:
        lm.model.set_attn_implementation(before)
