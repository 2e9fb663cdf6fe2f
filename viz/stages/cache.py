"""Decoding with the KV cache and otherwise, live: with and without it, with a window, in 8 bits."""

from collections.abc import Iterator
from dataclasses import asdict

from model.records.kv import Race, RaceStep, Variant
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import so_far
from viz.wire.payload import token_payload

MOST_TOKENS = 64
MAX_WINDOW = 100_000
MAX_POSITIONS = 10_000_000


def cache_costs(engine, recipe: Recipe, args: dict) -> dict:
    """FLOPs and bytes of each step of the run, with the cache and without: lists by step."""
    found = engine.cache.step_costs(recipe, so_far(args))
    return {
        "n_prompt": found.n_prompt,
        "parameter_bytes": found.parameter_bytes,
        "weight_bytes": [cost.weight_bytes for cost in found.cached],
        "cached_flops": [cost.flops for cost in found.cached],
        "full_flops": [cost.flops for cost in found.full],
        "cache_bytes": [cost.cache_bytes for cost in found.cached],
        "quantised": [list(backend) for backend in engine.cache.quantised_backends()],
    }


def cache_sizes(engine, recipe: Recipe, args: dict) -> dict:
    """The cache's bytes by arithmetic at `n_positions`, this model's first; `window` is that of one variant."""
    n_positions, window = args.get("n_positions"), args.get("window")
    require_integer("n_positions", n_positions, 1, MAX_POSITIONS, "it counts positions in the cache")
    require_integer("window", window, 1, MAX_POSITIONS, "it counts positions a layer keeps")
    return {"sizes": [asdict(size) for size in engine.cache.sizes(recipe, n_positions, window)]}


def cache_race(engine, recipe: Recipe, args: dict) -> Iterator:
    """The race so far, after each token. Times in milliseconds."""
    for item in engine.cache.race(recipe, _n_tokens(args)):
        yield {**asdict(item), "steps": [_race_step(step) for step in item.steps]} if isinstance(item, Race) else item


def cache_variant(engine, recipe: Recipe, args: dict) -> Iterator:
    """The full cache beside a `window` of positions with `sinks`, or beside one in 8 bits, after each token."""
    window, sinks = args.get("window", 2), args.get("sinks", 0)
    require_integer("window", window, 2, MAX_WINDOW, "it counts positions, the new one included")
    require_integer("sinks", sinks, 0, window - 2, "the first tokens that stay are part of the window")
    for item in engine.cache.variant(recipe, str(args.get("kind")), _n_tokens(args), window, sinks):
        yield {**asdict(item), "steps": _variant_steps(item)} if isinstance(item, Variant) else item


def _n_tokens(args: dict) -> int:
    n_tokens = args.get("n_tokens", 24)
    require_integer("n_tokens", n_tokens, 1, MOST_TOKENS, "each token takes two forward passes here")
    return n_tokens


def _race_step(step: RaceStep) -> dict:
    return {
        "token": token_payload(step.token),
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


def _variant_steps(found: Variant) -> list[dict]:
    return [
        {
            "token": step.token and token_payload(step.token),
            "other": step.other and token_payload(step.other),
            "drift": step.drift,
        }
        for step in found.steps
    ]


VIEWS = {"cache_costs": cache_costs, "cache_sizes": cache_sizes}
JOBS = {"cache_race": cache_race, "cache_variant": cache_variant}
