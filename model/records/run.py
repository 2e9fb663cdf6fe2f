"""The records that cross from `model/` to `viz/`: frozen, numpy, no tensors.

Glossary, one word per thing, here and on the screen:
    token_id    row of the vocabulary           position   index in the sequence, from 0
    prompt      what the person typed           text       what the model sees (after the template)
    query, key  position that attends / is attended to     pattern   attention after the softmax
    prefill     the forward pass over the prompt           decode    one forward pass per new token
    logit       unnormalised score              probability  share of the whole vocabulary
    TTFT        seconds from the request to the first token     ITL   seconds between two tokens
    surprisal   -log2 of a probability, in bits            entropy   expected surprisal, in bits
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from model.records.text import Lost, Span
from model.request.recipe import Recipe


@dataclass(frozen=True)
class Token:
    """One token of a sequence. `start` and `end` are character offsets in the text, -1 if unknown.

    `piece` is the entry as the vocabulary writes it, `text` what it reads as; `partial`: its bytes include a part of a
    character, which `text` shows as U+FFFD.
    """

    position: int
    id: int
    piece: str
    text: str
    bytes: bytes
    start: int
    end: int
    special: bool
    partial: bool


@dataclass(frozen=True)
class Tokens:
    """The text that the model sees, and its tokens. `seconds` is the time the tokenizer took.

    `pieces` has for each token the number of its piece, None if the tokenizer inserted it. `spans` say which part of
    the text is whose, `lost` what a person typed that is not in it as typed.
    """

    text: str
    tokens: tuple[Token, ...]
    chat: bool
    seconds: float
    pieces: tuple[int | None, ...] = ()
    spans: tuple[Span, ...] = ()
    lost: tuple[Lost, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(token.id for token in self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True)
class Check:
    """One self-check: the difference between two independent computations, and its tolerance.

    If there was nothing to compare, `made` is false and `how` says why; that is not a failure.
    """

    name: str
    error: float
    tolerance: float
    how: str
    made: bool = True
    passed: bool = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "passed", bool(self.error <= self.tolerance))


def not_made(name: str, tolerance: float, why: str) -> Check:
    """A check that had nothing to compare."""
    return Check(name, float("nan"), tolerance, why, made=False)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The most likely tokens of one step, ordered by the model's own probability.

    `probability` is the model's softmax over the whole vocabulary; `chosen_from` is the distribution that the token
    was drawn from, after the sampling settings (0 if filtered out). `remainder` is the total probability of all tokens
    that are not listed; `vocabulary` is the number of all tokens.
    """

    token_ids: Int[np.ndarray, " k"]
    tokens: tuple[Token, ...]
    logits: Float[np.ndarray, " k"]
    probability: Float[np.ndarray, " k"]
    chosen_from: Float[np.ndarray, " k"]
    remainder: float
    vocabulary: int


@dataclass(frozen=True)
class StageCount:
    """One stage of the sampler: how many tokens it `kept`, and the probability of those it `removed`.

    `moved` is the total variation distance between the distributions before and after the stage.
    """

    name: str
    setting: float
    kept: int
    removed: float
    moved: float


@dataclass(frozen=True, eq=False)
class DecodeStep:
    """One generated token: the distribution it came from and how it was chosen.

    `index` counts generated tokens from 0; `token.position` is its place in the sequence.
    `draw` is the uniform number of (seed, position), None if greedy or forced; the token owns the interval
    [`cumulative_from`, `cumulative_to`) of the cumulative distribution. `rank` is 1 for the most likely token;
    `entropy` and `surprisal` are in bits. Times in seconds; the forward pass of step 0 is the prefill.
    `text` is the complete characters that this token adds to the answer, `waiting` the bytes of an incomplete one.
    `reused`: the forward pass belongs to an earlier run, whose cache this run shares.
    `tied` tokens, itself included, had its score after the settings: greedy takes the one with the smallest id.
    """

    index: int
    token: Token
    candidates: Candidates
    logit: float
    probability: float
    chosen_from: float
    rank: int
    entropy: float
    surprisal: float
    draw: float | None
    cumulative_from: float
    cumulative_to: float
    stages: tuple[StageCount, ...]
    forced: bool
    forward_seconds: float
    sampling_seconds: float
    text: str
    waiting: bytes
    reused: bool = False
    tied: int = 1


@dataclass(frozen=True)
class Prefill:
    """The forward pass over the prompt. Times in seconds; embed and head are parts of forward."""

    n_tokens: int
    forward_seconds: float
    embed_seconds: float
    head_seconds: float


@dataclass(frozen=True)
class StopReason:
    """Why decoding ended: 'eos', 'stop' (a stop string), 'limit' or 'context'; empty while it can continue."""

    kind: str = ""
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Run:
    """The results of one recipe so far. `text` is the answer, decoded from all ids at once.

    `ttft`, `itl` (inter-token latencies) and the other times are in seconds. `reused_positions` were copied from an
    earlier run's KV cache, in `reuse_seconds`, instead of being forwarded again.
    """

    recipe: Recipe
    tokens: Tokens
    prefill: Prefill | None = None
    steps: tuple[DecodeStep, ...] = ()
    text: str = ""
    stop: StopReason = StopReason()
    ttft: float | None = None
    itl: tuple[float, ...] = ()
    detokenize_seconds: float = 0.0
    reused_positions: int = 0
    reuse_seconds: float = 0.0


@dataclass(frozen=True)
class ModelCard:
    """Facts about the loaded model, from its config and its modules.

    `streamed_maps`: this family returns whole attention maps, one layer per pass, but no queries and keys.
    `attention_layers` are those whose maps can be shown: in a hybrid not all layers, and none if the check failed.
    A token uses `n_active` of the parameters: fewer than all with experts. A row of the embedding matrix has `d_embed`
    numbers, the stream `d_model`; if they differ, a matrix projects the row.
    A query and a key have `d_head` numbers, a value `d_value`. `cache_layers` has, for each layer with keys and values,
    its numbers per position and its window (0: all positions); in a latent cache that is a vector of `kv_latent`.
    `uncached` says why no cache is used, if so: each step then forwards the whole sequence again.
    """

    model_id: str
    revision: str
    family: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_embed: int
    d_head: int
    d_mlp: int
    n_vocab: int
    n_parameters: int
    n_active: int
    context: int
    dtype: str
    device: str
    position_kind: str
    tied_embeddings: bool
    has_chat_template: bool
    tokenizer_kind: str
    eos_token_ids: tuple[int, ...]
    checks: tuple[Check, ...] = ()
    streamed_maps: bool = False
    attention_layers: tuple[int, ...] = ()
    d_value: int = 0
    kv_latent: int = 0
    cache_layers: tuple[tuple[int, int], ...] = ()
    uncached: str = ""


@dataclass(frozen=True)
class EngineStatus:
    """The state of the engine: `phase` is 'loading', 'ready' or 'failed'; `fraction` is between 0 and 1."""

    phase: str
    message: str
    fraction: float
