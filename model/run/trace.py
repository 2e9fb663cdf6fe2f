"""What a run leaves on the device: the capture, the KV cache and the logits. Thrown away and derived again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from torch import Tensor
from transformers import Cache

from model.network.capture import Capture
from model.network.cut_cache import can_be_cut
from model.network.recording import Window
from model.records.run import Run
from model.request.recipe import Recipe


@dataclass
class Trace:
    """One recipe's tensors and the records made from them so far. `logits[i]` chose generated token i.

    `streamed` is one layer's maps, for a model that gives nothing but maps; `windows` has all layers at the few
    positions that somebody looked at last.
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
        """The ids that have been through the model: the last generated one waits for its turn."""
        fed = self.run.steps[: len(self.logits) - 1]
        return (*self.run.tokens.ids, *(step.token.id for step in fed))

    def nbytes(self) -> int:
        """Bytes of tensors held (the capture's keys and values are the cache's own)."""
        streamed = self.streamed.layers if self.streamed else ()
        maps = sum(layer.pattern.nbytes for layer in streamed if layer.pattern is not None)
        windows = sum(window.nbytes() for window in tuple(self.windows.values()))
        return maps + windows + self.capture.nbytes() + sum(t.nbytes for t in self.logits)


class TraceStore:
    """Traces by recipe key, the least recently used leaving first when a byte budget is passed."""

    def __init__(self, budget_bytes: int):
        self._budget = budget_bytes
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Trace | None:
        """The trace, now the most recently used; None when it was never made or was evicted."""
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
        """The `n` traces used last, the latest first."""
        with self._lock:
            return list(self._traces.values())[: -n - 1 : -1]

    def put(self, key: str, trace: Trace) -> None:
        """Keeps a trace and evicts others, oldest first, down to the budget."""
        with self._lock:
            self._traces[key] = trace
            self._traces.move_to_end(key)
        self.trim()

    def trim(self) -> None:
        """Evicts down to the budget, oldest first; the newest stays whatever it takes."""
        with self._lock:
            while len(self._traces) > 1 and self.nbytes() > self._budget:
                self._traces.popitem(last=False)

    def limit(self, budget_bytes: int) -> None:
        """Another budget from now on."""
        self._budget = budget_bytes
        self.trim()

    def nbytes(self) -> int:
        """Bytes of all traces held."""
        return sum(trace.nbytes() for trace in self._traces.values())

    def __len__(self) -> int:
        return len(self._traces)
