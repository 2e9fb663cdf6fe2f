"""The self-checks of a run: compares its numbers with a second forward pass, on request."""

import time
from itertools import product

import torch

from model.attention.maps import MAX_CELLS, attention_tile, captured_layer
from model.capture.capture import Capture, capturing
from model.capture.reference import reference_rows, referencing
from model.loading.check_model import logits_check, output_checks, prefix_check
from model.network.eager import full_logits
from model.network.language_model import LanguageModel
from model.network.tolerances import AGAIN_TOLERANCE
from model.records.prefill import RunChecks
from model.records.run import Check
from model.run.trace import Trace
from model.runtime.present import present

# One pass over this many positions takes about a second on two cores.
CHECKED_POSITIONS = 512


def run_checks(lm: LanguageModel, trace: Trace, layer: int, head: int) -> RunChecks:
    """Compares one head's map with the model's own eager attention, and the last step's logits with an uncached pass.

    Longer runs are checked over their first 512 positions; attention is causal, so these do not depend on the rest.
    """
    started = time.perf_counter()
    ids = trace.fed_ids
    if lm.card.streamed_maps:
        checks, skipped = (), ("captured = eager: the maps shown are the model's own eager maps.",)
    elif not lm.card.attention_layers:
        checks, skipped = (), ("captured = eager: there are no maps of this model to check.",)
    else:
        checks, skipped = attention_check(lm, trace.capture, ids, layer, head), ()
    if (n_cached := _cached_positions(trace)) is None:
        skipped = (
            *skipped,
            f"cached = full: the prompt has {len(trace.run.tokens):,} positions, and a second pass is made "
            f"over {CHECKED_POSITIONS} at most",
        )
    else:
        checks = (*checks, cached_check(lm, trace, n_cached))
    return RunChecks(layer, head, checks, skipped, time.perf_counter() - started)


def attention_check(lm: LanguageModel, capture: Capture, ids, layer: int, head: int) -> tuple[Check, Check]:
    """Compares one head's map, as the page gets it, with the model's own eager attention: weights, and row sums.

    The ids are forwarded again, and the weights of the second pass are computed in float32.
    """
    module = present(captured_layer(lm, capture, layer, head).module)
    n = min(len(ids), CHECKED_POSITIONS)
    with lm.lock, capturing(Capture(), n), referencing([module]) as references:
        full_logits(lm, ids[:n])
    theirs = reference_rows(references[module], n)[head : head + 1]
    ours = _as_shown(lm, capture, layer, head, n)[None]
    where = f"layer {layer}, head {head}, the map of {n} positions"
    return output_checks({layer: ours}, {layer: theirs}, where, AGAIN_TOLERANCE[lm.dtype])


def _as_shown(lm: LanguageModel, capture: Capture, layer: int, head: int, n: int) -> torch.Tensor:
    """The first `n` rows and columns of a map from tiles in which each cell is one weight: (query, key)."""
    parts = [(low, min(low + MAX_CELLS, n)) for low in range(0, n, MAX_CELLS)]
    weights = torch.zeros(n, n)
    for queries, keys in product(parts, parts):
        tile = attention_tile(lm, capture, layer, head, queries, keys)
        weights[slice(*queries), slice(*keys)] = torch.from_numpy(tile.pattern)
    return weights


def cached_check(lm: LanguageModel, trace: Trace, n_positions: int) -> Check:
    """Compares the logits after the first `n_positions` with the cache and from one pass without it.

    For a model without a cache: the logits of the prompt, from its own pass and from one over these positions.
    """
    with lm.lock:
        if lm.card.uncached:
            return prefix_check(lm, trace.fed_ids[:n_positions], trace.logits[0], len(trace.run.tokens))
        full = full_logits(lm, trace.fed_ids[:n_positions])
    return logits_check(lm, trace.logits[n_positions - len(trace.run.tokens)], full, n_positions)


def _cached_positions(trace: Trace) -> int | None:
    """The number of positions up to the limit whose logits the run has; None if the prompt alone is longer."""
    n = min(len(trace.fed_ids), CHECKED_POSITIONS)
    return n if n >= len(trace.run.tokens) else None
