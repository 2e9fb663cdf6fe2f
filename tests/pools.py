"""Pools of tiny models for tests: saved on the disk, and opened and run like on the page."""

from pathlib import Path

import numpy as np

from model.open import EngineOptions, LocalOpener
from model.pool import ModelPool, start_key
from model.request.recipe import Recipe
from model.source.hub import Hub
from model.source.sources import Allowed
from tests.saved_models import save
from tests.small_tokenizers import KINDS

PROMPT = "the quick brown fox"


def three_models(root: Path) -> dict[str, Path]:
    """Saves models of three families, with two tokenizers; returns their folders by name."""
    # Small vocabularies, because most of the time to open a tiny model is spent on its tokenizer.
    one, other = KINDS["whole words"]().tokenizer, KINDS["byte fallback"]().tokenizer
    return {
        "gpt2": save(root / "tiny-gpt2", "gpt2", one),
        "qwen3": save(root / "tiny-qwen3", "qwen3", other, num_key_value_heads=2, head_dim=16),
        "llama": save(root / "tiny-llama", "llama", other),
    }


class Counting(LocalOpener):
    """Records what is opened."""

    def __init__(self, options):
        super().__init__(options)
        self.opened = []

    def open(self, key, plan, report, make_room):
        engine = super().open(key, plan, report, make_room)
        self.opened.append((key.model, key.dtype))
        return engine


def pool_of(start, budget=2**40, hub=None, opener=Counting, **options) -> ModelPool:
    given = EngineOptions(str(start), hub=hub or Hub("http://127.0.0.1:9"), **options)
    return ModelPool(opener(given), start_key(str(start), "cpu", "auto"), budget, Allowed())


def recipe(folder, **changes) -> Recipe:
    return Recipe(PROMPT, max_new_tokens=6, model=str(folder), **changes)


def use(pool, recipe):
    """The engine of a recipe, loaded if needed, and the progress reports."""
    reports, opening = [], pool.opened(recipe)
    while True:
        try:
            reports.append(next(opening))
        except StopIteration as end:
            with end.value as engine:
                return engine, reports


def run(pool, recipe):
    engine, _ = use(pool, recipe)
    return list(engine.run(recipe))[-1]


def same(a, b):
    """Equal except for the last bits, which depend on the alignment of the weights in memory."""
    np.testing.assert_allclose(a, b, atol=1e-5)
