"""The tensors of a run: the capture, the KV cache and the logits. They can be discarded and computed again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from torch import Tensor
from transformers import Cache

from model.capture.capture import Capture
from model.capture.recording import Window
from model.network.cut_cache import can_be_cut
from model.records.run import Run
from model.request.recipe import Recipe


@dataclass
class Trace:
    """One recipe's tensors, and the run so far. Generated token i was chosen from `logits[i]` (vocab,).

    `streamed` holds the maps of one layer, for a model that only returns maps; `windows` holds all layers at the few
    positions that were viewed last.
    """

    recipe: Recipe
    run: Run
    capture: Capture = field(default_factory=Capture)
    cache: Cache | None = None
    logits: list[Tensor] = field(default_factory=list)
    windows: OrderedDict[tuple[int, int], Window] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)
    streamed: Capture | None = None

    @property
    def fed_ids(self) -> tuple[int, ...]:
        """The ids that have been through the model: all but the last generated one."""
        forwarded = self.run.steps[: len(self.logits) - 1]
        return (*self.run.tokens.ids, *(step.token.id for step in forwarded))

    def nbytes(self) -> int:
        """Size of the tensors in bytes; the cache's keys and values are counted as part of the capture."""
        streamed = self.streamed.layers if self.streamed else ()
        maps = sum(layer.pattern.nbytes for layer in streamed if layer.pattern is not None)
        windows = sum(window.nbytes() for window in tuple(self.windows.values()))
        return maps + windows + self.capture.nbytes() + sum(t.nbytes for t in self.logits)


class TraceStore:
    """Traces by recipe key; the least recently used are evicted when they exceed a budget of bytes."""

    def __init__(self, budget_bytes: int):
        self._budget = budget_bytes
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Trace | None:
        """The trace, which becomes the most recently used; None if it was never created, or was evicted."""
        with self._lock:
            if key in self._traces:
                self._traces.move_to_end(key)
            return self._traces.get(key)

    def same_prompt(self, ids: tuple[int, ...], n: int = 16) -> list[Trace]:
        """Those of the `n` traces used last that have this prompt and can be branched, the latest first.

        A cache that forgets (a sliding window) cannot be cut, so its trace has no branches.
        """
        return [trace for trace in self.recent(n) if trace.run.tokens.ids == ids and can_be_cut(trace.cache)]

    def recent(self, n: int) -> list[Trace]:
        """The `n` most recently used traces, latest first."""
        with self._lock:
            return list(self._traces.values())[: -n - 1 : -1]

    def put(self, key: str, trace: Trace) -> None:
        """Stores a trace and evicts others, oldest first, down to the budget."""
        with self._lock:
            self._traces[key] = trace
            self._traces.move_to_end(key)
        self.trim()

    def trim(self) -> None:
        """Evicts down to the budget, oldest first; the newest trace always stays."""
        with self._lock:
            while len(self._traces) > 1 and self.nbytes() > self._budget:
                self._traces.popitem(last=False)

    def limit(self, budget_bytes: int) -> None:
        """Changes the budget, and evicts down to it."""
        self._budget = budget_bytes
        self.trim()

    def nbytes(self) -> int:
        """Size of all stored traces in bytes."""
        return sum(trace.nbytes() for trace in self._traces.values())

    def __len__(self) -> int:
        return len(self._traces)
