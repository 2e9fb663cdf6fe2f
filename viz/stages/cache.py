"""Decoding with the KV cache and otherwise, live: with and without it, with a window, in 8 bits."""

from typing import TypedDict

from model.records.kv import CacheSize, Race, RaceStep, Variant
from model.records.run import Check, Token
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import given, so_far
from viz.wire.engine import Engine, Job
from viz.wire.plain import Plain, PlainWith, plain, plain_with

MOST_TOKENS = 64
MAX_WINDOW = 100_000
MAX_POSITIONS = 10_000_000


class CacheCosts(TypedDict):
    """`quantised` has each backend for a cache in few bits, and whether it is installed."""

    n_prompt: int
    parameter_bytes: int
    weight_bytes: list[int]
    cached_flops: list[int]
    full_flops: list[int]
    cache_bytes: list[int]
    quantised: list[tuple[str, bool]]
    checks: list[Plain[Check]]


class CacheSizes(TypedDict):
    sizes: list[Plain[CacheSize]]


class RaceStepAnswer(TypedDict):
    token: Plain[Token]
    equal: bool
    max_error: float
    largest_logit: float
    cached_ms: float
    full_ms: float
    n_keys: int
    n_new: int
    cached_flops: int
    full_flops: int
    cached_bytes: int
    full_bytes: int


class RaceAnswer(TypedDict):
    steps: list[RaceStepAnswer]


def cache_costs(engine: Engine, recipe: Recipe, args: dict) -> CacheCosts:
    """FLOPs and bytes of each step of the run, with the cache and without: lists by step."""
    found = engine.cache.step_costs(recipe, so_far(args))
    return {
        "n_prompt": found.n_prompt,
        "parameter_bytes": found.parameter_bytes,
        "weight_bytes": [cost.weight_bytes for cost in found.cached],
        "cached_flops": [cost.flops for cost in found.cached],
        "full_flops": [cost.flops for cost in found.full],
        "cache_bytes": [cost.cache_bytes for cost in found.cached],
        "quantised": list(engine.cache.quantised_backends()),
        "checks": [plain(check) for check in found.checks],
    }


def cache_sizes(engine: Engine, recipe: Recipe, args: dict) -> CacheSizes:
    """The cache's bytes by arithmetic at `n_positions`, this model's first; `window` is that of one variant."""
    n_positions, window = given(args, "n_positions"), given(args, "window")
    require_integer("n_positions", n_positions, 1, MAX_POSITIONS, "it counts positions in the cache")
    require_integer("window", window, 1, MAX_POSITIONS, "it counts positions a layer keeps")
    return {"sizes": [plain(size) for size in engine.cache.sizes(recipe, n_positions, window)]}


def cache_race(engine: Engine, recipe: Recipe, args: dict) -> Job[PlainWith[Race, RaceAnswer]]:
    """The race so far, after each token. Times in milliseconds."""
    for item in engine.cache.race(recipe, _n_tokens(args)):
        yield _race(item) if isinstance(item, Race) else item


def cache_variant(engine: Engine, recipe: Recipe, args: dict) -> Job[Plain[Variant]]:
    """The full cache beside a `window` of positions with `sinks`, or beside one in 8 bits, after each token."""
    window, sinks = args.get("window", 2), args.get("sinks", 0)
    require_integer("window", window, 2, MAX_WINDOW, "it counts positions, the new one included")
    require_integer("sinks", sinks, 0, window - 2, "the first tokens that stay are part of the window")
    for item in engine.cache.variant(recipe, str(args.get("kind")), _n_tokens(args), window, sinks):
        yield plain(item) if isinstance(item, Variant) else item


def _n_tokens(args: dict) -> int:
    n_tokens = args.get("n_tokens", 24)
    require_integer("n_tokens", n_tokens, 1, MOST_TOKENS, "each token takes two forward passes here")
    return n_tokens


def _race(race: Race) -> PlainWith[Race, RaceAnswer]:
    return plain_with(race, RaceAnswer(steps=[_race_step(step) for step in race.steps]))


def _race_step(step: RaceStep) -> RaceStepAnswer:
    return {
        "token": plain(step.token),
        "equal": step.equal,
        "max_error": step.max_error,
        "largest_logit": step.largest_logit,
        "cached_ms": step.cached_seconds * 1000,
        "full_ms": step.full_seconds * 1000,
        "n_keys": step.cached.n_keys,
        "n_new": step.cached.n_new,
        "cached_flops": step.cached.flops,
        "full_flops": step.full.flops,
        "cached_bytes": step.cached.cache_bytes + step.cached.weight_bytes,
        "full_bytes": step.full.weight_bytes,
    }


VIEWS = {"cache_costs": cache_costs, "cache_sizes": cache_sizes}
JOBS = {"cache_race": cache_race, "cache_variant": cache_variant}
