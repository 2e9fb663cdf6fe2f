"""Checks the scores of one head against their definitions, weight by weight, on the head's map as the page gets it."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from model.records.run import Check

SCORES = "scores by definition"
# Sums of float32 weights in another order, as a share of the score or of 1.
TOLERANCE = 1e-4

Pattern = Float[np.ndarray, "query key"]


def scores_check(shown: Mapping[str, float], pattern: Pattern, tokens: Sequence[int], where: str) -> Check:
    """Compares a head's scores with those of its weights `pattern`, one query at a time, from the definitions."""
    right = scores_of(pattern.astype(np.float64), tokens)
    errors = {name: _difference(value, right[name]) for name, value in shown.items()}
    worst = max(errors, key=lambda name: errors[name])
    how = (
        f"largest difference of {len(errors)} scores of {where} from their definitions, summed weight by weight over "
        f"the map of {len(tokens)} positions, as a share of the score or of 1; the worst is {worst!r}"
    )
    return Check(SCORES, errors[worst], TOLERANCE, how)


def scores_of(pattern: Pattern, tokens: Sequence[int]) -> dict[str, float]:
    """The scores by name, means over the queries from position 1 on; see `HeadScores`."""
    sums: dict[str, float] = defaultdict(float)
    seen: dict[int, list[int]] = defaultdict(list)
    n_repeats = 0
    for query, row in enumerate(pattern):
        after = [place + 1 for place in seen[tokens[query]] if place + 1 < query]
        seen[tokens[query]].append(query)
        if query:
            sums["previous"] += row[query - 1]
            sums["first"] += row[0]
            sums["own"] += row[query]
            sums["entropy"] -= float(sum(a * math.log2(a) for a in row if a > 0))
            sums["distance"] += float(row @ (query - np.arange(len(row))))
        if after:
            n_repeats += 1
            sums["induction"] += float(row[after].sum())
    means = {name: total / (len(tokens) - 1) for name, total in sums.items() if name != "induction"}
    return {**means, "induction": sums["induction"] / n_repeats if n_repeats else math.nan}


def _difference(ours: float, right: float) -> float:
    if math.isnan(ours) and math.isnan(right):
        return 0.0
    difference = abs(ours - right) / max(1.0, abs(right))
    return math.inf if math.isnan(difference) else difference
