"""Records of a model's architecture: its parts, their parameters, and the experts that a run was routed to."""

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
    """A norm of a block and its place, found from its inputs and outputs.

    `place` is 'before mixer', 'after mixer', 'before mlp', 'after mlp', 'before both', 'stream mixer' or 'stream mlp'
    (on the stream itself, after the addition), 'start' (on the stream, before everything else) or 'unknown'.
    """

    kind: str
    place: str


@dataclass(frozen=True)
class Mixer:
    """The part that moves information between positions. `kind`: 'attention', or a kind of state or convolution.

    `heads` is 'MHA', 'GQA', 'MQA' or 'MLA' (then `latent` is its width); numbers that do not apply are 0.
    `position` is the position encoding: 'rope', 'alibi', 'learned', 'sinusoidal' or ''.
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
    """An MLP, or a mixture of such experts. `kind` is 'gated', 'plain' or 'other'.

    `n_experts`, `n_chosen` (experts per token) and `d_shared` (width of the shared expert) are 0 if there are none.
    """

    kind: str
    module: str
    activation: str
    d_hidden: int
    n_experts: int = 0
    n_chosen: int = 0
    d_shared: int = 0


@dataclass(frozen=True)
class BlockKind:
    """Blocks of the same structure, with their `layers`. `parallel`: mixer and MLP read the same stream."""

    layers: tuple[int, ...]
    mixers: tuple[Mixer, ...]
    mlp: Mlp | None
    norms: tuple[NormPlace, ...]
    parallel: bool
    n_parameters: int


@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameter counts by part (see PARTS), tied weights counted once; `by_layer` covers the blocks.

    `active` counts only as many experts as one token is routed to. `model_total` is the sum over all of the model's
    parameters, counted independently of the parts.
    """

    parts: tuple[str, ...]
    total: Int[np.ndarray, " part"]
    active: Int[np.ndarray, " part"]
    bytes: Int[np.ndarray, " part"]
    by_layer: Int[np.ndarray, "layer part"]
    model_total: int


@dataclass(frozen=True)
class Rope:
    """RoPE settings of the layers of this `kind` ('' for all). `factor` is 0 where RoPE is not scaled."""

    kind: str
    theta: float
    type: str
    factor: float


@dataclass(frozen=True)
class ModelFacts:
    """Facts from the config, the tokenizer and the files; empty or 0 where they give none. `bytes` includes buffers."""

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
    """The model's parts in order. `embed_norm` and `final_norm` are '' where there is none."""

    kinds: tuple[BlockKind, ...]
    embed_norm: str
    final_norm: str
    parameters: Parameters
    facts: ModelFacts


@dataclass(frozen=True, eq=False)
class Routing:
    """The experts that a run's positions were routed to, in each layer with experts, largest weight first.

    `experts` and `weights` cover the positions from `start` on, one per entry of `tokens`; `load` counts the choices
    over all `n_positions`. `by_logits` is the share of (layer, position) pairs whose chosen experts are those with the
    largest router logits.
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
