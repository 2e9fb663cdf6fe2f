"""The KV cache: what each step costs, and what caches of other shapes would take."""

from dataclasses import asdict

from model.recipe import Recipe
from model.validate import require_integer
from viz.args import so_far

MAX_POSITIONS = 10_000_000


def cache_costs(engine, recipe: Recipe, args: dict) -> dict:
    """FLOPs and bytes of each step of the run, with the cache and without: lists by step."""
    found = engine.step_costs(recipe, so_far(args))
    return {
        "n_prompt": found.n_prompt,
        "parameter_bytes": found.parameter_bytes,
        "weight_bytes": [cost.weight_bytes for cost in found.cached],
        "cached_flops": [cost.flops for cost in found.cached],
        "full_flops": [cost.flops for cost in found.full],
        "cache_bytes": [cost.cache_bytes for cost in found.cached],
        "quantised": [list(backend) for backend in engine.quantised_backends()],
    }


def cache_sizes(engine, recipe: Recipe, args: dict) -> dict:
    """The cache's bytes by arithmetic at `n_positions`, this model's first; `window` is that of one variant."""
    n_positions, window = args.get("n_positions"), args.get("window")
    require_integer("n_positions", n_positions, 1, MAX_POSITIONS, "it counts positions in the cache")
    require_integer("window", window, 1, MAX_POSITIONS, "it counts positions a layer keeps")
    return {"sizes": [asdict(size) for size in engine.cache_sizes(recipe, n_positions, window)]}


VIEWS = {"cache_costs": cache_costs, "cache_sizes": cache_sizes}
