"""Checks the FLOPs by formula against those that torch counts in passes of the live model."""

from dataclasses import replace

from model.cache.counted import Counted, counted
from model.network.language_model import LanguageModel
from model.records.kv import StepCosts
from model.records.run import Check, not_made

WHOLE, CACHED = "FLOPs without the cache = counted", "FLOPs with the cache = counted"
# Of attention's own FLOPs, so that an error in it does not vanish beside the weights. The formula leaves out the small
# products of rotary angles.
TOLERANCE = 0.1


def checked_costs(lm: LanguageModel, costs: StepCosts, window: int | None) -> StepCosts:
    """The costs of a run's steps with their checks; `window` is the smallest of the cache's layers, if one has any."""
    longest = costs.full[-1].n_keys
    count = counted(lm)
    if window is not None and longest > window:
        count = Counted(reason=f"in a window of {window:,} the count of short passes does not go on in a straight line")
    checks = (_whole_check(costs, count), _cached_check(costs, count))
    return replace(costs, checks=checks)


def _whole_check(costs: StepCosts, count: Counted) -> Check:
    if count.reason:
        return not_made(WHOLE, TOLERANCE, count.reason)
    pairs = [(cost.flops, count.whole(cost.n_keys), count.attention(cost.n_keys)) for cost in costs.full]
    return Check(WHOLE, _worst(pairs), TOLERANCE, _how(f"{len(pairs)} passes over all positions"))


def _cached_check(costs: StepCosts, count: Counted) -> Check:
    if count.reason:
        return not_made(CACHED, TOLERANCE, count.reason)
    prefill, *steps = costs.cached
    n = prefill.n_keys
    pairs = [(prefill.flops, count.whole(n), count.attention(n))]
    pairs += [(cost.flops, count.cached(cost.n_keys), count.by_key * cost.n_keys) for cost in steps]
    return Check(CACHED, _worst(pairs), TOLERANCE, _how(f"the prefill and {len(steps)} steps"))


def _worst(pairs: list[tuple[int, float, float]]) -> float:
    return max(abs(formula - right) / max(attention, 1.0) for formula, right, attention in pairs)


def _how(passes: str) -> str:
    return (
        f"largest difference of {passes} by formula from what torch counts, product by product, in short passes of "
        "this model and their continuation, as a share of attention's own FLOPs"
    )
