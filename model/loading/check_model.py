"""A loaded model to its self-checks: what is captured against what the model itself computes, by numbers.

It also chooses how attention is captured: with SDPA, or, for families whose attention does what SDPA
drops, with the model's own eager attention. What fails both is not captured, and the views say why.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.network.capture import EAGER, SDPA, Capture
from model.network.eager import eager_patterns, full_logits
from model.network.forward import forward, new_cache
from model.network.language_model import LanguageModel
from model.network.pattern import pattern_rows
from model.network.streamed import eager_pass, streamed_maps
from model.network.tolerances import LOGIT_TOLERANCE, MAP_TOLERANCE
from model.records.run import Check
from model.request.errors import UserError

PROMPT = "The quick brown fox jumps over the lazy dog, then the quick brown fox sleeps."
N_CHECKED, N_DECODED = 16, 2
MAPS, ROWS, CACHED = "captured = eager", "row sums = eager's", "cached = full"
# Where no cache is used, a position's logits must not change when tokens follow.
PREFIX = "prefix = full"


def verified(lm: LanguageModel) -> LanguageModel:
    """The model with its attention captured, if that proves right, and the checks on its card.

    Where its cache proves wrong, or is none, no cache is used. Raises UserError for a model that no forward pass gets
    through, or whose logits look ahead.
    """
    ids = _prompt(lm)
    with lm.lock:
        found = _verified(lm, ids)
        _refuse_nan(found)
        if not found.card.checks[-1].passed and not lm.card.uncached:
            lm = replace(lm, card=replace(lm.card, uncached=_why_uncached(lm, ids, found.card.checks[-1])))
            found = _verified(lm, ids)
    if not (ahead := found.card.checks[-1]).passed:
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but cannot be decoded: {lm.card.uncached}, and without a cache the "
            f"logits of a position change by {ahead.error:.2g} when tokens follow ({ahead.tolerance:.1g} is allowed), "
            "so it does not read from left to right. Choose another model."
        )
    return found


def _refuse_nan(found: LanguageModel) -> None:
    if math.isnan(found.card.checks[-1].error):
        raise UserError(
            f"{found.card.model_id!r} was loaded, but its logits are not numbers (nan): its weights hold nan or are "
            "too large for its number format. Choose another model, or another number format."
        )


def _verified(lm: LanguageModel, ids: Sequence[int]) -> LanguageModel:
    """The model with its checks; the last of them, of the logits, may have failed."""
    own = lm.model.config.get_text_config()._attn_implementation
    for implementation in (SDPA, EAGER):
        checks, layers = _attempt(lm, ids, implementation)
        if all(check.passed for check in checks):
            return replace(lm, card=replace(lm.card, checks=checks, attention_layers=layers))
    lm.model.set_attn_implementation(own)
    if checks[0].how == _no_maps(lm).how and (streamed := _attempt_streamed(lm, ids)):
        every = tuple(range(lm.card.n_layers))
        return replace(lm, card=replace(lm.card, checks=streamed, streamed_maps=True, attention_layers=every))
    broken = next(check for check in checks if not check.passed)
    if broken.name != MAPS:
        reason = f"{broken.how} ({broken.name}: {broken.error:.1e}, and {broken.tolerance:.0e} is allowed)"
        broken = failed(MAPS, broken.tolerance, reason)
    try:
        checks = (broken, _stepwise_check(lm, ids))
    except Exception as error:
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but a forward pass over {len(ids)} tokens failed: "
            f"{error}. Choose another model."
        ) from error
    return replace(lm, card=replace(lm.card, checks=checks))


def _why_uncached(lm: LanguageModel, ids: Sequence[int], wrong: Check) -> str:
    """Why this model's cache is not used: there is none, or what it gives is wrong."""
    cache = new_cache(lm)
    forward(lm, ids, cache, Capture())
    if cache.get_seq_length() or any(getattr(layer, "conv_states", None) is not None for layer in cache.layers):
        return (
            f"with its cache the logits of the family {lm.card.family!r} differ by {wrong.error:.2g} from those of one "
            f"pass without ({wrong.tolerance:.1g} is allowed)"
        )
    return f"the family {lm.card.family!r} has no KV cache in transformers"


def _prompt(lm: LanguageModel) -> tuple[int, ...]:
    # Any ids will do: where the tokenizer has more entries than the model has rows, a prompt with them is refused.
    ids = lm.tokenizer(PROMPT, add_special_tokens=False)["input_ids"]
    return tuple(i % lm.card.n_vocab for i in ids[:N_CHECKED])


def _attempt(lm: LanguageModel, ids: Sequence[int], implementation: str) -> tuple[tuple[Check, ...], tuple[int, ...]]:
    """The checks under one way of capturing, and the layers with attention.

    The first check tells why when there is nothing to compare.
    """
    lm.model.set_attn_implementation(implementation)
    capture, cache = Capture(), new_cache(lm)
    try:
        forward(lm, ids[:-N_DECODED], cache, capture)
        for token_id in ids[-N_DECODED:]:
            logits = forward(lm, [token_id], cache, capture)
        if not any(layer.chunks for layer in capture.layers):
            return (_no_maps(lm),), ()
        maps, full = eager_patterns(lm, ids, {i: x.module for i, x in enumerate(capture.layers) if x.chunks})
        ours = {index: pattern_rows(capture.layers[index], 0, len(ids), len(ids)) for index in maps}
        where = f"{len(ids)} positions, {N_DECODED} of them decoded, all {len(maps)} attention layers and heads"
        stepwise = prefix_check(lm, ids) if lm.card.uncached else logits_check(lm, logits, full, len(ids))
        return (*compare(lm, ours, maps, where), stepwise), tuple(sorted(maps))
    except Exception as error:  # a family nobody has tried may fail anywhere; it is then not captured
        return (failed(MAPS, MAP_TOLERANCE[_dtype(lm)], f"its attention could not be captured ({error})"),), ()


def _attempt_streamed(lm: LanguageModel, ids: Sequence[int]) -> tuple[Check, ...]:
    """The checks of maps taken out of a pass layer by layer; none where that gives no right map."""
    try:
        maps, eager = streamed_maps(lm, ids, range(lm.card.n_layers))
        own = [layer[0].float().cpu() for layer in eager_pass(lm, ids).attentions]
        if not maps or len(maps) != len(own):
            return ()
        where = f"{len(ids)} positions, all {len(maps)} layers and heads, taken one layer at a time"
        theirs = dict(zip(sorted(maps), own, strict=True))
        checks = (*compare(lm, maps, theirs, where), _stepwise_check(lm, ids, eager))
    except Exception:  # a family nobody has tried may fail anywhere; it then has no maps
        return ()
    return checks if all(check.passed for check in checks) else ()


def compare(lm: LanguageModel, ours: dict[int, Tensor], maps: dict[int, Tensor], where: str) -> tuple[Check, Check]:
    """Captured against eager maps (head, query, key), by layer: the largest difference, also of row sums."""
    error = max(_distance(ours[index], maps[index]) for index in maps)
    sums = max(_distance(ours[index].sum(-1), maps[index].sum(-1)) for index in maps)
    tolerance = MAP_TOLERANCE[_dtype(lm)]
    return (
        Check(MAPS, error, tolerance, f"largest difference from the model's own eager attention: {where}"),
        Check(ROWS, sums, tolerance, f"largest difference of a row's sum from the eager row's sum: {where}"),
    )


def logits_check(lm: LanguageModel, cached: Tensor, full: Tensor, n: int) -> Check:
    """Logits (vocab,) of one position with the cache against a pass over all `n` positions without it."""
    largest = float(full.abs().max())
    return Check(
        CACHED,
        _distance(cached, full),
        LOGIT_TOLERANCE[_dtype(lm)] * largest,
        f"largest difference of a logit of position {n - 1} from one pass over {n} positions without a "
        f"cache; the largest logit is {largest:.3g}",
    )


def _stepwise_check(lm: LanguageModel, ids: Sequence[int], full: Tensor | None = None) -> Check:
    """What decoding step by step stands on: the cache, or where none is used, that what follows changes nothing."""
    if lm.card.uncached:
        return prefix_check(lm, ids)
    full = full_logits(lm, ids) if full is None else full
    return logits_check(lm, _cached_logits(lm, ids), full, len(ids))


@torch.inference_mode()
def prefix_check(lm: LanguageModel, ids: Sequence[int], prefix: Tensor | None = None, n: int = 0) -> Check:
    """The logits of position `n` - 1 by a pass that ends there against those of a pass over all `ids`."""
    n = n or len(ids) - N_DECODED
    prefix = full_logits(lm, ids[:n]) if prefix is None else prefix
    full = lm.model(torch.tensor([list(ids)], device=lm.device), use_cache=False).logits[0, n - 1].float().cpu()
    largest = float(full.abs().max())
    how = (
        f"largest difference of a logit of position {n - 1} by a pass that ends there from a pass over {len(ids)} "
        f"positions; the largest logit is {largest:.3g}"
    )
    return Check(PREFIX, _distance(prefix, full), LOGIT_TOLERANCE[_dtype(lm)] * largest, how)


def _cached_logits(lm: LanguageModel, ids: Sequence[int]) -> Tensor:
    cache = new_cache(lm)
    forward(lm, ids[:-1], cache, Capture())
    return forward(lm, ids[-1:], cache, Capture())


def failed(name: str, tolerance: float, reason: str) -> Check:
    """A check that could not be made; `how` says why."""
    return Check(name, math.nan, tolerance, reason)


def _no_maps(lm: LanguageModel) -> Check:
    reason = f"the family {lm.card.family!r} has no attention that passes where maps can be captured"
    return Check(MAPS, math.nan, MAP_TOLERANCE[_dtype(lm)], reason, made=False)


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


def _dtype(lm: LanguageModel) -> torch.dtype:
    return lm.anatomy.embed.weight.dtype
