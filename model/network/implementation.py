"""Switches the model's attention for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from model.network.language_model import LanguageModel


@contextmanager
def attention_as(lm: LanguageModel, implementation: str) -> Iterator[None]:
    """Inside the context the model computes attention this way, whatever happens there.

    Enter it with `lm.lock` held.
    """
    before = lm.model.config.get_text_config()._attn_implementation
    assert before is not None, "a loaded model has an attention implementation"
    try:
        lm.model.set_attn_implementation(implementation)
        yield
    finally:
        lm.model.set_attn_implementation(before)
