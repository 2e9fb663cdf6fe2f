"""Records of batching: requests served together, the steps that served them, and how long each request waited."""

from dataclasses import dataclass

from model.records.run import Token
from model.request.errors import UserError
from model.request.validate import require_integer, require_number

MAX_REQUESTS, MAX_NEW_TOKENS, MAX_PROMPT_TOKENS = 12, 64, 512
MAX_ARRIVAL = 30.0


@dataclass(frozen=True)
class Request:
    """One request: its prompt, its limit of new tokens, and its arrival in seconds from the start.

    Raises UserError for an empty prompt or a number out of range.
    """

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
    """The outcome of one request. Times in seconds from the start of the measurement.

    `started` is when its first forward pass began, `times` when each token was ready. `equal`: its tokens are the same
    as when the request is served alone; if not, `gap` is the difference of the two tokens' logits, served alone, at
    the first token that differs. `ended` is 'eos' for an end token, 'limit' for the limit of new tokens.
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
    """One forward pass: its times, its requests, the positions it computed, and how many of those were wasted.

    `blocks` is the number of blocks of the paged cache in use; 0 where the cache has none.
    """

    start: float
    end: float
    n_requests: int
    n_positions: int
    n_wasted: int
    blocks: int


@dataclass(frozen=True)
class BatchingResult:
    """The requests served in one way. `rate` is in tokens per second.

    `wasted` is the share of computed positions that were padding or belonged to finished requests.
    """

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
    """Both ways, as far as they have been measured; `reason` says why continuous batching is unavailable."""

    static: BatchingResult | None
    continuous: BatchingResult | None
    reason: str
