"""Records of the model card: what this model is made of, what its parts weigh, and which experts a run was sent to."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from model.records.run import Check, Token

PARTS = (
    "embedding",
    "positions",
    "attention",
    "state",
    "mlp",
    "experts",
    "shared",
    "router",
    "norms",
    "unembedding",
    "other",
)


@dataclass(frozen=True)
class NormPlace:
    """A norm of a block and where it stands, found by what enters and leaves it.

    `place` is 'before mixer', 'after mixer', 'before mlp', 'after mlp', 'before both', 'stream mixer' or 'stream mlp'
    (on the stream itself, behind the join), 'start' (on the stream, before all else) or 'unknown'.
    """

    kind: str
    place: str


@dataclass(frozen=True)
class Mixer:
    """What moves information between positions. `kind`: 'attention', or the kind of state or convolution.

    `heads` is 'MHA', 'GQA', 'MQA' or 'MLA' (`latent` is its width); numbers are 0 where there is no such thing.
    `position` is what tells the positions apart: 'rope', 'alibi', 'learned', 'sinusoidal' or ''.
    """

    kind: str
    module: str
    heads: str = ""
    n_heads: int = 0
    n_kv_heads: int = 0
    d_head: int = 0
    d_value: int = 0
    latent: int = 0
    window: int = 0
    chunked: bool = False
    position: str = ""
    rotated: float = 1.0
    qk_norm: bool = False
    sinks: bool = False
    softcap: float = 0.0


@dataclass(frozen=True)
class Mlp:
    """An MLP, or a mixture of experts of this kind. `kind` is 'gated', 'plain' or 'other'; `d_shared` of the shared."""

    kind: str
    module: str
    activation: str
    d_hidden: int
    n_experts: int = 0
    n_chosen: int = 0
    d_shared: int = 0


@dataclass(frozen=True)
class BlockKind:
    """Blocks that are put together alike: `layers` are their numbers. `parallel`: mixer and MLP read one stream."""

    layers: tuple[int, ...]
    mixers: tuple[Mixer, ...]
    mlp: Mlp | None
    norms: tuple[NormPlace, ...]
    parallel: bool
    n_parameters: int


@dataclass(frozen=True, eq=False)
class Parameters:
    """Numbers of parameters by part (see PARTS), tied weights once. `by_layer` (layer, part) are those of the blocks.

    `active` counts of the experts only as many as a token is sent to. `model_total` is the model's own sum.
    """

    parts: tuple[str, ...]
    total: Int[np.ndarray, " part"]
    active: Int[np.ndarray, " part"]
    bytes: Int[np.ndarray, " part"]
    by_layer: Int[np.ndarray, "layer part"]
    model_total: int


@dataclass(frozen=True)
class Rope:
    """How positions turn queries and keys in layers of this `kind` ('' for all). `factor` is 0 where not scaled."""

    kind: str
    theta: float
    type: str
    factor: float


@dataclass(frozen=True)
class ModelFacts:
    """What the config, the tokenizer and the files say. Empty or 0 where they say nothing; `bytes` with buffers."""

    licence: str
    licence_from: str
    n_tokens: int
    bos: str
    eos: tuple[str, ...]
    rope: tuple[Rope, ...]
    logit_softcap: float
    embed_scale: float
    bytes: int


@dataclass(frozen=True, eq=False)
class Architecture:
    """This model's parts in order. `final_norm` and `embed_norm` are '' where there is none."""

    kinds: tuple[BlockKind, ...]
    embed_norm: str
    final_norm: str
    parameters: Parameters
    facts: ModelFacts


@dataclass(frozen=True, eq=False)
class Routing:
    """Which experts a run's positions were sent to, in the layers that have experts, by the largest weight first.

    `experts` and `weights` are of positions [start, start + position); `load` counts choices over all `n_positions`.
    `by_logits` is the share of places where the chosen are those with the largest router logits.
    """

    layers: tuple[int, ...]
    start: int
    tokens: tuple[Token, ...]
    experts: Int[np.ndarray, "layer position k"]
    weights: Float[np.ndarray, "layer position k"]
    load: Int[np.ndarray, "layer expert"]
    n_positions: int
    by_logits: float
    seconds: float
    checks: tuple[Check, ...]
