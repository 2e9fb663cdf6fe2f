"""Fixtures: each asserts what it pretends to be."""

import sys
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Shapes and types are checked at every call. The recipe is left out: what it is given comes from
# outside, and its own checks must see it.
install_import_hook(
    [f"model.{file.stem}" for file in (ROOT / "model").glob("*.py") if file.stem not in ("recipe", "validate")],
    "beartype.beartype",
)


@pytest.fixture(scope="session")
def lm():
    """The bundled model, loaded as the page loads it."""
    import os

    from model.load import load

    source = os.environ.get("TBT_TMP", "/tmp/cache/smol")
    loaded = load(source, "HuggingFaceTB/SmolLM2-135M-Instruct", device="cpu", dtype="float32")
    assert loaded.card.n_layers == 30
    assert loaded.card.n_parameters == 134_515_008
    return loaded


@pytest.fixture(scope="session")
def engine(lm):
    """An engine on the bundled model, ready."""
    from model.engine import LocalEngine

    return LocalEngine(lm)
