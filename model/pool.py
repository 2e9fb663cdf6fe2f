"""The models of a page: several in memory, the least recently used leaving first, one loaded at a time.

A recipe names its model; `engine(recipe)` gives the engine that has it. Comparing two models is two recipes.
"""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from model.engine.core import TRACE_BYTES, LocalEngine
from model.records.opening import Choices, Inspection, LoadedModel
from model.request.errors import Evicted, UserError
from model.request.recipe import Recipe
from model.runtime.devices import AUTO, DTYPES, available_devices, choose_device, choose_dtype
from model.runtime.progress import Progress, with_progress
from model.source.inspect import Plan, memory_bytes
from model.source.sources import BUNDLED, Allowed, parse_source

WAIT_SECONDS = 0.25


@dataclass(frozen=True)
class ModelKey:
    """What tells one model in memory from another; `device` and `dtype` are chosen, never 'auto'."""

    model: str
    revision: str
    device: str
    dtype: str


@runtime_checkable
class Opener(Protocol):
    """How a key becomes an engine."""

    def inspect(self, key: ModelKey, freeable: int) -> Plan: ...

    def open(self, key: ModelKey, plan: Plan, report: Callable[[Progress], None], make_room) -> LocalEngine: ...


@dataclass
class _Held:
    engine: LocalEngine
    n_bytes: int
    users: int = 0


class ModelPool:
    """`start` is the key of the model the page begins with: it never leaves, for the API speaks to it."""

    def __init__(self, opener: Opener, start: ModelKey, budget_bytes: int, allowed: Allowed):
        self.start, self.budget_bytes, self.allowed = start, budget_bytes, allowed
        self._opener = opener
        self._held: OrderedDict[ModelKey, _Held] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def key(self, recipe: Recipe) -> ModelKey:
        """The model a recipe names. Raises UserError for one that this page does not open."""
        source = parse_source(recipe.model or self.start.model, recipe.revision)
        if source.name != self.start.model:
            self.allowed.check(source)
        device = choose_device(recipe.device or self.start.device)
        dtype = choose_dtype(recipe.dtype or self._default_dtype(device), device)
        return ModelKey(source.name, source.revision, device, dtype)

    def _default_dtype(self, device: str) -> str:
        """The page's own where it was started, else what suits the device."""
        return self.start.dtype if device == self.start.device else AUTO

    def engine(self, recipe: Recipe) -> LocalEngine:
        """The engine of a recipe's model. Raises Evicted when the model is not in memory."""
        return self._find(self.key(recipe)).engine

    def start_engine(self) -> LocalEngine:
        """The engine of the model the page was started with."""
        return self._find(self.start).engine

    def using(self, recipe: Recipe) -> AbstractContextManager[LocalEngine]:
        """The same engine, which stays in memory until the context is left."""
        return self._lease(self.key(recipe))

    def opened(
        self, recipe: Recipe, check: Callable[[Inspection], None] = lambda about: None
    ) -> Generator[Progress, None, AbstractContextManager[LocalEngine]]:
        """Loads the recipe's model if it is not there, yielding how far it is; gives the engine, in use.

        `check` may refuse a model before anything of it is fetched. Closing the generator ends the download or the
        loading. Raises UserError for a model that cannot be had.
        """
        key = self.key(recipe)
        while key not in self._held:
            if not self._loading.acquire(timeout=WAIT_SECONDS):
                yield Progress("Waiting: another model is being opened", 0, 1)
                continue
            try:
                if key not in self._held:
                    yield from with_progress(lambda report: self._open(key, check, report))
            finally:
                self._loading.release()
        return self._lease(key)

    def inspect(self, recipe: Recipe) -> Plan:
        """What opening the recipe's model takes, before it is done."""
        return self._opener.inspect(self.key(recipe), self._freeable())

    def choices(self) -> Choices:
        """Where models can compute here, and in which numbers."""
        devices = available_devices()
        defaults = {device: choose_dtype(self._default_dtype(device), device) for device in devices}
        return Choices(devices, tuple(DTYPES), self.start.device, defaults)

    def memory(self, n_parameters: int) -> dict[str, int]:
        """What a model of this size takes, by dtype."""
        return {dtype: memory_bytes(n_parameters, dtype) for dtype in DTYPES}

    def held(self, recipe: Recipe) -> tuple[LoadedModel, ...]:
        """What is in memory, the most recently used first."""
        current = self.key(recipe)
        with self._lock:
            found = tuple(self._held.items())[::-1]
        return tuple(self._described(key, held, key == current) for key, held in found)

    def _described(self, key: ModelKey, held: _Held, is_current: bool) -> LoadedModel:
        card, usual = held.engine.card(), choose_dtype(self._default_dtype(key.device), key.device)
        return LoadedModel(
            title=card.model_id,
            device=key.device,
            dtype=key.dtype,
            n_bytes=held.n_bytes,
            has_chat_template=card.has_chat_template,
            is_current=is_current,
            model="" if key.model == self.start.model else key.model,
            revision=key.revision,
            asked_device="" if key.device == self.start.device else key.device,
            asked_dtype="" if key.dtype == usual else key.dtype,
        )

    def nbytes(self) -> int:
        """Bytes of the weights of all models in memory."""
        return sum(held.n_bytes for held in tuple(self._held.values()))

    def _find(self, key: ModelKey) -> _Held:
        with self._lock:
            if key not in self._held:
                raise Evicted("This model is no longer in memory. Run it again: the numbers will be the same.")
            self._held.move_to_end(key)
            return self._held[key]

    @contextmanager
    def _lease(self, key: ModelKey) -> Iterator[LocalEngine]:
        held = self._find(key)
        with self._lock:
            held.users += 1
        try:
            yield held.engine
        finally:
            with self._lock:
                held.users -= 1

    def _open(self, key: ModelKey, check: Callable[[Inspection], None], report: Callable[[Progress], None]) -> None:
        report(Progress("Looking at the model's config", 0, 1))
        plan = self._opener.inspect(key, self._freeable())
        check(plan.about)
        engine = self._opener.open(key, plan, report, self._make_room)
        engine.speculative.open_other = self.opened
        # Who stops during the checks, which report nothing, is heard here.
        report(Progress("The model is loaded and checked", 1, 1))
        with self._lock:
            self._held[key] = _Held(engine, engine.lm.nbytes())
            for held in self._held.values():
                held.engine.limit_traces(TRACE_BYTES // len(self._held))

    def _idle(self) -> list[ModelKey]:
        """What may leave, the least recently used first."""
        return [key for key, held in self._held.items() if not held.users and key != self.start]

    def _freeable(self) -> int:
        with self._lock:
            return sum(self._held[key].n_bytes for key in self._idle())

    def _make_room(self, name: str, n_bytes: int) -> None:
        """Lets models go until `n_bytes` more keep to the budget. Raises UserError where they cannot."""
        with self._lock:
            idle = self._idle()
            while idle and self.nbytes() + n_bytes > self.budget_bytes:
                del self._held[idle.pop(0)]
            left = self.budget_bytes - self.nbytes()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if n_bytes > left and self._held:
            raise UserError(
                f"{name!r} has {n_bytes / 2**30:.3g} GiB of weights; this page has {max(left, 0) / 2**30:.3g} GiB left "
                f"of {self.budget_bytes / 2**30:.3g} GiB for models (--model-memory-gb), with those in use. Try again "
                "shortly, choose bfloat16 or a smaller model, or start the page with more."
            )


def start_key(model: str, device: str, dtype: str) -> ModelKey:
    """The key of the model a page begins with; 'auto' is decided here."""
    where = choose_device(device)
    source = parse_source(model or BUNDLED)
    return ModelKey(source.name, source.revision, where, choose_dtype(dtype, where))
