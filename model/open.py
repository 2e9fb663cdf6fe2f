"""Options to an engine: the bundled model, a local folder or a Hub id."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.api import Api
from model.bundled import BUNDLED_ID, bundled_model_dir, locate
from model.engine import LocalEngine
from model.errors import UserError
from model.load import load
from model.recipe import Recipe

BUNDLED = "bundled"


@dataclass(frozen=True)
class EngineOptions:
    """What the engine is started with; see `python app.py --help`."""

    model: str = BUNDLED
    device: str = "auto"
    dtype: str = "auto"
    max_prompt_tokens: int = 4096
    max_new_tokens: int = 256
    budget_seconds: int = 120


def open_engine(
    options: EngineOptions = EngineOptions(),  # noqa: B008
    report: Callable[[float, str], None] = lambda fraction, message: None,
    first: Recipe | None = None,
) -> LocalEngine:
    """Loads the model and gives the engine, with the run of `first` already in memory.

    Raises UserError, with the way out, when the model cannot be had.
    """
    source, name = find_model(options.model, report)
    report(0.8, f"Reading the weights of {name}")
    try:
        lm = load(source, name, options.device, options.dtype)
    except UserError:
        if options.model == BUNDLED and locate() is None:
            bundled_model_dir()  # neither wheel nor network: it says in one line what to do
        raise
    engine = LocalEngine(lm, options.max_prompt_tokens, options.max_new_tokens, budget_seconds=options.budget_seconds)
    if first is not None:
        report(0.9, "Running the first example")
        for _ in engine.run(first):
            pass
    return engine


def open_api(options: EngineOptions = EngineOptions()) -> Api:  # noqa: B008
    """The curated calls on a model of their own, for a notebook. Raises UserError like `open_engine`."""
    engine = open_engine(options)
    return Api(lambda: engine)


def find_model(model: str, report: Callable[[float, str], None]) -> tuple[str | Path, str]:
    """Where to load from, and the name to show. The bundled model comes from its wheel, else from the Hub."""
    if model != BUNDLED:
        return model, Path(model).name if Path(model).is_dir() else model
    if locate() is None:
        report(0.1, f"Fetching {BUNDLED_ID} from the Hub")
        return BUNDLED_ID, BUNDLED_ID
    return bundled_model_dir(on_progress=lambda f, message: report(0.75 * f, message)), BUNDLED_ID
