"""The KV cache: what each step costs, and what caches of other shapes would take."""

from dataclasses import asdict

from model.recipe import Recipe


def cache_costs(engine, recipe: Recipe, args: dict) -> dict:
    """FLOPs and bytes of each step of the run, with the cache and without: lists by step."""
    found = engine.step_costs(recipe)
    return {
        "n_prompt": found.n_prompt,
        "parameter_bytes": found.parameter_bytes,
        "weight_bytes": found.cached[0].weight_bytes,
        "cached_flops": [cost.flops for cost in found.cached],
        "full_flops": [cost.flops for cost in found.full],
        "cache_bytes": [cost.cache_bytes for cost in found.cached],
        "quantised": [list(backend) for backend in engine.quantised_backends()],
    }


def cache_sizes(engine, recipe: Recipe, args: dict) -> dict:
    """The cache's bytes by arithmetic at `n_positions`, this model's first; `window` is that of one variant."""
    found = engine.cache_sizes(recipe, args.get("n_positions"), args.get("window"))
    return {"n_positions": args["n_positions"], "window": args["window"], "sizes": [asdict(size) for size in found]}


VIEWS = {"cache_costs": cache_costs, "cache_sizes": cache_sizes}
