"""Records of the KV cache: the cost of a pass, sizes of caches of other shapes, decoding with and without a cache."""

from dataclasses import dataclass

from model.records.run import Check, Token


@dataclass(frozen=True)
class PassCost:
    """The cost of one forward pass of `n_new` positions over `n_keys` keys, by formula.

    `cache_bytes` is the size of the keys and values it reads, `weight_bytes` the size of the weights it multiplies by.
    """

    n_new: int
    n_keys: int
    flops: int
    cache_bytes: int
    weight_bytes: int


@dataclass(frozen=True)
class StepCosts:
    """The cost of each step of a run, with the cache and without; step 0 is the prefill.

    `parameter_bytes` is the size of all weights of the model, used in a pass or not. `checks` compare the FLOPs
    with those that torch counts.
    """

    n_prompt: int
    parameter_bytes: int
    cached: tuple[PassCost, ...]
    full: tuple[PassCost, ...]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class CacheShape:
    """Everything that determines the size of a KV cache.

    `window` limits `windowed_layers` of the `n_layers` layers with a cache; a `latent` vector replaces keys and values.
    With a latent vector `d_head` and `d_value` are the widths of a head's key and value once unfolded from it.
    `d_value` is the width of a value where it differs from `d_head`. If the layers differ from each other, `layers`
    has, for each, its numbers per position and its window (0: none). `model_id` is the model whose published config
    has this shape; empty for the loaded model.
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
    """The size of a cache of one shape at one context length, by arithmetic; `fits`: the model's context is that long.

    `bytes_per_token` is what a token adds before any window is full.
    """

    shape: CacheShape
    bytes_per_token: int
    bytes: int
    fits: bool


@dataclass(frozen=True)
class RaceStep:
    """One token decoded with and without the cache from the same ids. Times of the forward pass alone, in seconds.

    `max_error` is the largest difference between the two logits of a token; `equal`: both chose the same token.
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
    """The race so far; both sides continue with the token of the cached side. `ended`: why it ended, '' until then."""

    n_prompt: int
    n_tokens: int
    steps: tuple[RaceStep, ...]
    text: str
    cache_bytes: int
    ended: str = ""


@dataclass(frozen=True)
class VariantStep:
    """One step with a full cache and one with the other cache. Each continues with its own token, None once it ended.

    `drift` is the largest difference between the two logits of a token, None once the ids so far differ.
    """

    token: Token | None
    other: Token | None
    drift: float | None


@dataclass(frozen=True)
class Variant:
    """A full cache next to one that evicts or quantises. `first_different`: the first step whose tokens differ."""

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
