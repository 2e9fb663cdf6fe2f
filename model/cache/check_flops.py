"""Checks the FLOPs by formula against those that torch counts in passes of the live model."""

from dataclasses import replace

from transformers import Cache

from model.cache.counted import Counted, counted
from model.network.cache_layers import has_states, kv_layers
from model.network.language_model import LanguageModel
from model.records.kv import StepCosts
from model.records.run import Check, not_made

WHOLE, CACHED = "FLOPs without the cache = counted", "FLOPs with the cache = counted"
# Of attention's own FLOPs, so that an error in it does not vanish beside the weights. The formula leaves out the small
# products of rotary angles.
TOLERANCE = 0.1


def checked_costs(lm: LanguageModel, costs: StepCosts, cache: Cache) -> StepCosts:
    """The costs of a run's steps with their checks; `cache` is the run's own."""
    count = counted(lm)
    if why := count.reason or _why_not(count, costs.full[-1].n_keys, cache):
        return replace(costs, checks=(not_made(WHOLE, TOLERANCE, why), not_made(CACHED, TOLERANCE, why)))
    return replace(costs, checks=(_whole_check(costs, count), _cached_check(costs, count)))


def _why_not(count: Counted, longest: int, cache: Cache) -> str:
    """Why the formula cannot be held against the count of a model's passes; empty if it can."""
    if not (count.square and count.by_key):
        return "this model has no attention, whose products are the measure here"
    if has_states(cache):
        return "torch counts the products of recurrent and convolutional layers in another way than the formula"
    windows = [window for layer, _, _ in kv_layers(cache) if (window := getattr(layer, "sliding_window", None))]
    if windows and longest > min(windows):
        return f"in a window of {min(windows):,} the count of short passes does not go on in a straight line"
    return ""


def _whole_check(costs: StepCosts, count: Counted) -> Check:
    pairs = [(cost.flops, count.whole(cost.n_keys), count.attention(cost.n_keys)) for cost in costs.full]
    return Check(WHOLE, _worst(pairs), TOLERANCE, _how(f"{len(pairs)} passes over all positions"))


def _cached_check(costs: StepCosts, count: Counted) -> Check:
    prefill, *steps = costs.cached
    n = prefill.n_keys
    pairs = [(prefill.flops, count.whole(n), count.attention(n))]
    pairs += [(cost.flops, count.cached(cost.n_keys), count.by_key * cost.n_keys) for cost in steps]
    return Check(CACHED, _worst(pairs), TOLERANCE, _how(f"the prefill and {len(steps)} steps"))


def _worst(pairs: list[tuple[int, float, float]]) -> float:
    return max(abs(formula - right) / attention for formula, right, attention in pairs)


def _how(passes: str) -> str:
    return (
        f"largest difference of {passes} by formula from what torch counts, product by product, in short passes of "
        "this model and their continuation, as a share of attention's own FLOPs"
    )
