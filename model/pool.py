"""The models of a page: several in memory, the least recently used is evicted first, and one is loaded at a time.

A recipe names its model; `engine(recipe)` returns the engine for it. To compare two models is to run two recipes.
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
from model.records.progress import Progress
from model.request.errors import Evicted, UserError
from model.request.recipe import Recipe
from model.runtime.devices import AUTO, DTYPES, available_devices, choose_device, choose_dtype
from model.runtime.progress import with_progress
from model.source.inspect import Plan, memory_bytes
from model.source.sources import BUNDLED, Allowed, parse_source

WAIT_SECONDS = 0.25


@dataclass(frozen=True)
class ModelKey:
    """Identifies a model in memory; `device` and `dtype` are resolved, never 'auto'."""

    model: str
    revision: str
    device: str
    dtype: str


@runtime_checkable
class Opener(Protocol):
    """Opens the engine for a key."""

    def inspect(self, key: ModelKey, freeable: int) -> Plan: ...

    def open(self, key: ModelKey, plan: Plan, report: Callable[[Progress], None], make_room) -> LocalEngine: ...


@dataclass
class _Held:
    engine: LocalEngine
    n_bytes: int
    users: int = 0


class ModelPool:
    """The models in memory. `start` is the key of the page's first model, which is never evicted: the API uses it."""

    def __init__(self, opener: Opener, start: ModelKey, budget_bytes: int, allowed: Allowed):
        self.start, self.budget_bytes, self.allowed = start, budget_bytes, allowed
        self._opener = opener
        self._held: OrderedDict[ModelKey, _Held] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def key(self, recipe: Recipe) -> ModelKey:
        """The key of a recipe's model. Raises UserError for a model that this page does not open."""
        source = parse_source(recipe.model or self.start.model, recipe.revision)
        if source.name != self.start.model:
            self.allowed.check(source)
        device = choose_device(recipe.device or self.start.device)
        dtype = choose_dtype(recipe.dtype or self._default_dtype(device), device)
        return ModelKey(source.name, source.revision, device, dtype)

    def _default_dtype(self, device: str) -> str:
        """The page's own dtype on the device it was started on, or else the default of the device."""
        return self.start.dtype if device == self.start.device else AUTO

    def engine(self, recipe: Recipe) -> LocalEngine:
        """The engine of a recipe's model. Raises Evicted if the model is not in memory."""
        return self._find(self.key(recipe)).engine

    def start_engine(self) -> LocalEngine:
        """The engine of the model the page was started with."""
        return self._find(self.start).engine

    def using(self, recipe: Recipe) -> AbstractContextManager[LocalEngine]:
        """The same engine, kept in memory until the context is left."""
        return self._lease(self.key(recipe))

    def opened(
        self, recipe: Recipe, check: Callable[[Inspection], None] = lambda about: None
    ) -> Generator[Progress, None, AbstractContextManager[LocalEngine]]:
        """Loads the recipe's model if it is not in memory, yielding progress; returns a lease of its engine.

        `check` may reject a model before anything is downloaded. Closing the generator ends the download or the
        loading. Raises UserError for a model that cannot be opened.
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
        """The plan for opening the recipe's model, without opening it. Raises UserError if that is not possible."""
        return self._opener.inspect(self.key(recipe), self._freeable())

    def choices(self) -> Choices:
        """The devices and dtypes that can be chosen here."""
        devices = available_devices()
        defaults = {device: choose_dtype(self._default_dtype(device), device) for device in devices}
        return Choices(devices, tuple(DTYPES), self.start.device, defaults)

    def memory(self, n_parameters: int) -> dict[str, int]:
        """The bytes that a model of this size needs, by dtype."""
        return {dtype: memory_bytes(n_parameters, dtype) for dtype in DTYPES}

    def held(self, recipe: Recipe) -> tuple[LoadedModel, ...]:
        """The models in memory, most recently used first."""
        current = self.key(recipe)
        with self._lock:
            items = tuple(self._held.items())[::-1]
        return tuple(self._describe(key, held, key == current) for key, held in items)

    def _describe(self, key: ModelKey, held: _Held, is_current: bool) -> LoadedModel:
        card, default_dtype = held.engine.card(), choose_dtype(self._default_dtype(key.device), key.device)
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
            asked_dtype="" if key.dtype == default_dtype else key.dtype,
        )

    def nbytes(self) -> int:
        """Size of the weights of all models in memory, in bytes."""
        return sum(held.n_bytes for held in tuple(self._held.values()))

    def _find(self, key: ModelKey) -> _Held:
        with self._lock:
            return self._touch(key)

    def _touch(self, key: ModelKey) -> _Held:
        """The held model, now the most recently used. Call it with `_lock` held."""
        if key not in self._held:
            raise Evicted("This model is no longer in memory. Run it again: the numbers will be the same.")
        self._held.move_to_end(key)
        return self._held[key]

    @contextmanager
    def _lease(self, key: ModelKey) -> Iterator[LocalEngine]:
        # Found and counted in one step: between the two another thread could evict it.
        with self._lock:
            held = self._touch(key)
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
        # The checks report nothing, so a cancellation during them takes effect here.
        report(Progress("The model is loaded and checked", 1, 1))
        with self._lock:
            self._held[key] = _Held(engine, engine.lm.nbytes())
            for held in self._held.values():
                held.engine.limit_traces(TRACE_BYTES // len(self._held))

    def _idle(self) -> list[ModelKey]:
        """The keys of the models that may be evicted, least recently used first."""
        return [key for key, held in self._held.items() if not held.users and key != self.start]

    def _freeable(self) -> int:
        with self._lock:
            return sum(self._held[key].n_bytes for key in self._idle())

    def _make_room(self, name: str, n_bytes: int) -> None:
        """Evicts models until `n_bytes` more fit into the budget. Raises UserError if that is not enough."""
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
    """The key of the model that a page starts with; resolves 'auto'."""
    device = choose_device(device)
    source = parse_source(model or BUNDLED)
    return ModelKey(source.name, source.revision, device, choose_dtype(dtype, device))
