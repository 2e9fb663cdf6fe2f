"""Records of batching: requests that were served together, step by step, and what each of them waited for."""

from dataclasses import dataclass

from model.records.run import Token
from model.request.errors import UserError
from model.request.validate import require_integer, require_number

MAX_REQUESTS, MAX_NEW_TOKENS, MAX_PROMPT_TOKENS = 12, 64, 512
MAX_ARRIVAL = 30.0


@dataclass(frozen=True)
class Request:
    """One request: its prompt, how many tokens at most, and when it arrives, in seconds from the start."""

    prompt: str
    max_new_tokens: int
    arrival: float

    def __post_init__(self):
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise UserError("A request has an empty prompt. Type at least one visible character, or remove it.")
        require_integer("max_new_tokens", self.max_new_tokens, 1, MAX_NEW_TOKENS, "it is of one request in the batch")
        require_number("arrival", self.arrival, 0.0, MAX_ARRIVAL, "seconds from the start")


@dataclass(frozen=True)
class ServedRequest:
    """What became of one request. Times in seconds from the start of the measurement.

    `started` is when its first forward pass began; `times` when each of its tokens was there. `equal` says whether
    its tokens are those of the request alone; where they part, `gap` is by how much the other token won there.
    `ended` is 'eos' for an end token, 'limit' for as many tokens as were asked for.
    """

    n_prompt: int
    arrival: float
    started: float
    tokens: tuple[Token, ...]
    times: tuple[float, ...]
    equal: bool
    gap: float | None
    ended: str

    @property
    def ttft(self) -> float:
        """From arrival to the first token."""
        return self.times[0] - self.arrival

    @property
    def latency(self) -> float:
        """From arrival to the last token."""
        return self.times[-1] - self.arrival


@dataclass(frozen=True)
class Step:
    """One forward pass: when, how many requests were in it, positions computed, and how many of those were wasted.

    `blocks` of the paged cache were in use; 0 where the cache has none.
    """

    start: float
    end: float
    n_requests: int
    n_positions: int
    n_wasted: int
    blocks: int


@dataclass(frozen=True)
class BatchingResult:
    """One way to serve the requests. `wasted` is the share of computed positions that nobody asked for."""

    kind: str
    served: tuple[ServedRequest, ...]
    steps: tuple[Step, ...]
    seconds: float
    rate: float
    wasted: float
    n_blocks: int
    block_size: int


@dataclass(frozen=True)
class BatchingRun:
    """Both ways, as far as they have been measured; `reason` says why there is no continuous one."""

    static: BatchingResult | None
    continuous: BatchingResult | None
    reason: str
