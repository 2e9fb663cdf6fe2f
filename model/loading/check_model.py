"""Self-checks of a loaded model: captured attention compared with what the model itself computes.

They also choose how attention is captured: with SDPA, or, for families whose attention has parts that SDPA ignores,
with the model's own eager attention. If both fail, attention is not captured, and the views say why.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.capture.capture import EAGER, SDPA, Capture
from model.capture.pattern import pattern_rows
from model.capture.reference import Reference, reference_rows, referencing
from model.network.eager import eager_patterns, full_logits
from model.network.forward import forward, new_cache
from model.network.language_model import LanguageModel
from model.network.streamed import eager_pass, streamed_maps
from model.network.tolerances import CALL_TOLERANCE, FLOAT32, LOGIT_TOLERANCE, MAP_TOLERANCE
from model.records.run import Check, not_made
from model.request.errors import UserError
from model.runtime.present import present

PROMPT = "The quick brown fox jumps over the lazy dog, then the quick brown fox sleeps."
N_CHECKED, N_DECODED = 16, 2
MAPS, ROWS, CACHED = "captured = eager", "row sums = eager's", "cached = full"
# In float32, on the tensors of the same pass: as strict for a model in 16 bits as for one in 32.
SAME, OUTPUT = "captured = eager in float32", "weights give the output"
# Without a cache, the logits of a position must not change when tokens follow.
PREFIX = "prefix = full"


def verify(lm: LanguageModel) -> LanguageModel:
    """The model with its checks on its card, and with captured attention if that passes them.

    If its cache is missing or fails its check, no cache is used. Raises UserError for a model whose forward pass
    fails, or whose logits depend on later tokens.
    """
    ids = _prompt(lm)
    with lm.lock:
        checked = _run_checks(lm, ids)
        _refuse_nan(checked)
        if not checked.card.checks[-1].passed and not lm.card.uncached:
            lm = replace(lm, card=replace(lm.card, uncached=_why_uncached(lm, ids, checked.card.checks[-1])))
            checked = _run_checks(lm, ids)
    if not (ahead := checked.card.checks[-1]).passed:
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but cannot be decoded: {lm.card.uncached}, and without a cache the "
            f"logits of a position change by {ahead.error:.2g} when tokens follow ({ahead.tolerance:.1g} is allowed), "
            "so it does not read from left to right. Choose another model."
        )
    return checked


def _refuse_nan(lm: LanguageModel) -> None:
    if math.isnan(lm.card.checks[-1].error):
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but its logits are not numbers (nan): its weights hold nan or are "
            "too large for its number format. Choose another model, or another number format."
        )


def _run_checks(lm: LanguageModel, ids: Sequence[int]) -> LanguageModel:
    """The model with its checks; the last one, of the logits, may have failed."""
    implementation_before = present(lm.model.config.get_text_config()._attn_implementation)
    for implementation in (SDPA, EAGER):
        checks, layers = _attempt(lm, ids, implementation)
        if all(check.passed for check in checks):
            return replace(lm, card=replace(lm.card, checks=checks, attention_layers=layers))
    lm.model.set_attn_implementation(implementation_before)
    if checks[0].how == _no_maps(lm).how and (streamed := _attempt_streamed(lm, ids)):
        every = tuple(range(lm.card.n_layers))
        return replace(lm, card=replace(lm.card, checks=streamed, streamed_maps=True, attention_layers=every))
    failure = next(check for check in checks if not check.passed)
    if failure.name != MAPS:
        reason = f"{failure.how} ({failure.name}: {failure.error:.1e}, and {failure.tolerance:.0e} is allowed)"
        failure = failed(MAPS, failure.tolerance, reason)
    try:
        checks = (failure, _stepwise_check(lm, ids))
    except Exception as error:
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but a forward pass over {len(ids)} tokens failed: "
            f"{error}. Choose another model."
        ) from error
    return replace(lm, card=replace(lm.card, checks=checks))


def _why_uncached(lm: LanguageModel, ids: Sequence[int], wrong: Check) -> str:
    """Why this model's cache is not used: there is none, or its results are wrong."""
    cache = new_cache(lm)
    forward(lm, ids, cache, Capture())
    if cache.get_seq_length() or any(getattr(layer, "conv_states", None) is not None for layer in cache.layers):
        return (
            f"with its cache the logits of the family {lm.card.family!r} differ by {wrong.error:.2g} from those of one "
            f"pass without ({wrong.tolerance:.1g} is allowed)"
        )
    return f"the family {lm.card.family!r} has no KV cache in transformers"


def _prompt(lm: LanguageModel) -> tuple[int, ...]:
    # Any ids will do. A tokenizer may have more entries than the model has rows, hence the modulo.
    ids = lm.tokenizer(PROMPT, add_special_tokens=False)["input_ids"]
    return tuple(i % lm.card.n_vocab for i in ids[:N_CHECKED])


def _attempt(lm: LanguageModel, ids: Sequence[int], implementation: str) -> tuple[tuple[Check, ...], tuple[int, ...]]:
    """The checks with one way of capturing, and the layers with attention.

    If there is nothing to compare, the first check says why.
    """
    lm.model.set_attn_implementation(implementation)
    capture, cache = Capture(), new_cache(lm)
    try:
        with referencing() as references:
            forward(lm, ids[:-N_DECODED], cache, capture)
            logits = [forward(lm, [token_id], cache, capture) for token_id in ids[-N_DECODED:]][-1]
        if not any(layer.chunks for layer in capture.layers):
            return (_no_maps(lm),), ()
        maps, full = eager_patterns(lm, ids, {i: present(x.module) for i, x in enumerate(capture.layers) if x.chunks})
        ours = {index: pattern_rows(capture.layers[index], 0, len(ids), len(ids)) for index in maps}
        where = f"{len(ids)} positions, {N_DECODED} of them decoded, all {len(maps)} attention layers and heads"
        stepwise = prefix_check(lm, ids) if lm.card.uncached else logits_check(lm, logits, full, len(ids))
        by_layer = {index: references[present(capture.layers[index].module)] for index in maps}
        same = same_pass_checks(lm, ours, by_layer, len(ids), where)[: 2 if implementation == SDPA else 1]
        return (*output_checks(ours, maps, where, MAP_TOLERANCE[lm.dtype]), *same, stepwise), tuple(sorted(maps))
    except Exception as error:  # an untested family may fail anywhere; its attention is then not captured
        return (failed(MAPS, MAP_TOLERANCE[lm.dtype], f"its attention could not be captured ({error})"),), ()


def _attempt_streamed(lm: LanguageModel, ids: Sequence[int]) -> tuple[Check, ...]:
    """The checks of maps that are taken from a pass layer by layer; empty if the maps are missing or wrong."""
    try:
        maps, eager = streamed_maps(lm, ids, range(lm.card.n_layers))
        own_maps = [layer[0].float().cpu() for layer in eager_pass(lm, ids).attentions]
        if not maps or len(maps) != len(own_maps):
            return ()
        where = f"{len(ids)} positions, all {len(maps)} layers and heads, taken one layer at a time"
        theirs = dict(zip(sorted(maps), own_maps, strict=True))
        checks = (*output_checks(maps, theirs, where, MAP_TOLERANCE[lm.dtype]), _stepwise_check(lm, ids, eager))
    except Exception:  # an untested family may fail anywhere; it then has no maps
        return ()
    return checks if all(check.passed for check in checks) else ()


def output_checks(
    ours: dict[int, Tensor], maps: dict[int, Tensor], where: str, tolerance: float
) -> tuple[Check, Check]:
    """Compares captured with eager maps (head, query, key) by layer: the largest difference, also of the row sums."""
    error = max(_distance(ours[index], maps[index]) for index in maps)
    sums = max(_distance(ours[index].sum(-1), maps[index].sum(-1)) for index in maps)
    return (
        Check(MAPS, error, tolerance, f"largest difference from the model's own eager attention: {where}"),
        Check(ROWS, sums, tolerance, f"largest difference of a row's sum from the eager row's sum: {where}"),
    )


def same_pass_checks(
    lm: LanguageModel, ours: dict[int, Tensor], references: dict[int, list[Reference]], n: int, where: str
) -> tuple[Check, Check]:
    """Compares captured maps (head, query, key) by layer, and what attention gave, with references of the same passes.

    A model in 16 bits rounds the scores of its own eager attention, so only SDPA's output has few roundings.
    """
    if lm.card.uncached:
        # Each pass starts from the first position, and only the last one is captured.
        references = {index: calls[-1:] for index, calls in references.items()}
    error = max(_distance(ours[index], reference_rows(calls, n)) for index, calls in references.items())
    missed = max(call.missed for calls in references.values() for call in calls)
    how = (
        f"largest difference of a weight from the model's own eager attention in float32, on the same tensors: {where}"
    )
    output = (
        "largest difference of what attention gave in this pass from the weights in float32 times the values, as a "
        f"share of the largest value: {where}"
    )
    return Check(SAME, error, FLOAT32, how), Check(OUTPUT, missed, CALL_TOLERANCE[lm.dtype], output)


def logits_check(lm: LanguageModel, cached: Tensor, full: Tensor, n: int) -> Check:
    """Compares logits (vocab,) of one position with the cache and from a pass over all `n` positions without it."""
    largest = float(full.abs().max())
    return Check(
        CACHED,
        _distance(cached, full),
        LOGIT_TOLERANCE[lm.dtype] * largest,
        f"largest difference of a logit of position {n - 1} from one pass over {n} positions without a "
        f"cache; the largest logit is {largest:.3g}",
    )


def _stepwise_check(lm: LanguageModel, ids: Sequence[int], full: Tensor | None = None) -> Check:
    """What step-by-step decoding relies on: a correct cache or, without one, that later tokens have no effect."""
    if lm.card.uncached:
        return prefix_check(lm, ids)
    full = full_logits(lm, ids) if full is None else full
    return logits_check(lm, _cached_logits(lm, ids), full, len(ids))


@torch.inference_mode()
def prefix_check(lm: LanguageModel, ids: Sequence[int], prefix: Tensor | None = None, n: int = 0) -> Check:
    """Compares the logits of position `n` - 1 from a pass that ends there with those of a pass over all `ids`."""
    n = n or len(ids) - N_DECODED
    prefix = full_logits(lm, ids[:n]) if prefix is None else prefix
    full = lm.model(torch.tensor([list(ids)], device=lm.device), use_cache=False).logits[0, n - 1].float().cpu()
    largest = float(full.abs().max())
    how = (
        f"largest difference of a logit of position {n - 1} by a pass that ends there from a pass over {len(ids)} "
        f"positions; the largest logit is {largest:.3g}"
    )
    return Check(PREFIX, _distance(prefix, full), LOGIT_TOLERANCE[lm.dtype] * largest, how)


def _cached_logits(lm: LanguageModel, ids: Sequence[int]) -> Tensor:
    cache = new_cache(lm)
    forward(lm, ids[:-1], cache, Capture())
    return forward(lm, ids[-1:], cache, Capture())


def failed(name: str, tolerance: float, reason: str) -> Check:
    """A failed check for a comparison that was not possible; `how` says why."""
    return Check(name, math.nan, tolerance, reason)


def _no_maps(lm: LanguageModel) -> Check:
    reason = f"the family {lm.card.family!r} has no attention that passes where maps can be captured"
    return not_made(MAPS, MAP_TOLERANCE[lm.dtype], reason)


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())
