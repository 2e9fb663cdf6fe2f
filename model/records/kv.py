"""Records of the KV cache: what a pass costs, what caches of other shapes would take, decoding both ways."""

from dataclasses import dataclass

from model.records.run import Token


@dataclass(frozen=True)
class PassCost:
    """One forward pass of `n_new` positions over `n_keys` keys, by formula.

    `cache_bytes` are the keys and values that it reads; `weight_bytes` the weights that it multiplies by.
    """

    n_new: int
    n_keys: int
    flops: int
    cache_bytes: int
    weight_bytes: int


@dataclass(frozen=True)
class StepCosts:
    """What each step of a run costs, with the cache and without; step 0 is the prefill.

    `parameter_bytes` are all weights of the model, wherever they are used.
    """

    n_prompt: int
    parameter_bytes: int
    cached: tuple[PassCost, ...]
    full: tuple[PassCost, ...]


@dataclass(frozen=True)
class CacheShape:
    """What decides a KV cache's size. `window` limits `windowed_layers` layers; `latent` replaces keys and values.

    Of the `n_layers` that keep any, a value has `d_value` numbers where that is not `d_head`. Where the layers are not
    alike, `layers` says for each how many numbers it keeps of a position, and its window (0: none).
    `model_id` is the model whose published config says so; empty for the model at hand.
    """

    name: str
    kind: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_head: int
    dtype: str
    context: int = 0
    window: int | None = None
    windowed_layers: int = 0
    latent: int | None = None
    d_value: int = 0
    layers: tuple[tuple[int, int], ...] = ()
    model_id: str = ""


@dataclass(frozen=True)
class CacheSize:
    """A shape's bytes at one context, by arithmetic; `fits` when the model's context is that long.

    `bytes_per_token` is what a token adds before any window is full.
    """

    shape: CacheShape
    bytes_per_token: int
    bytes: int
    fits: bool


@dataclass(frozen=True)
class RaceStep:
    """One token decoded both ways from the same ids. Times in seconds, of the forward pass alone.

    `max_error` is the largest difference of two logits of one token; `equal` that both chose the same token.
    """

    token: Token
    equal: bool
    max_error: float
    largest_logit: float
    cached_seconds: float
    full_seconds: float
    cached: PassCost
    full: PassCost


@dataclass(frozen=True)
class Race:
    """The race so far: the answer that goes on is the cached one. `ended` says why, once it has."""

    n_prompt: int
    n_tokens: int
    steps: tuple[RaceStep, ...]
    text: str
    cache_bytes: int
    ended: str = ""


@dataclass(frozen=True)
class VariantStep:
    """One step of a full cache and of another: each goes on with its own token, None when it has ended.

    `drift` is the largest difference of two logits, None where the ids before it are no longer the same.
    """

    token: Token | None
    other: Token | None
    drift: float | None


@dataclass(frozen=True)
class Variant:
    """A full cache beside one that forgets or rounds. `first_different` is the first step whose tokens differ."""

    kind: str
    n_prompt: int
    n_tokens: int
    steps: tuple[VariantStep, ...]
    first_different: int | None
    text: str
    other_text: str
    bytes: int
    other_bytes: int
    ended: str = ""
