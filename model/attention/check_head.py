"""Compares one head's steps with the model's own: the query is forwarded again, with eager attention and hooks."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.attention_row import AttentionRow, attention_row
from model.attention.head_output import OutputProjection, head_parts, output_bias
from model.attention.one_head import Place, find_place, output_to_show
from model.attention.own_pass import OwnPass, entry_limit, own_pass
from model.network.forward import cache_argument
from model.network.implementation import attention_as
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE, MAP_TOLERANCE
from model.records.head import HeadChecks
from model.records.run import Check
from model.request.validate import require_integer
from model.run.run_cache import cache_before
from model.run.trace import Trace
from model.runtime.present import present


@dataclass(frozen=True, eq=False)
class _SecondPass:
    """The second pass at the query: weights (n_heads, key), W_O's input (n_heads * d_v,) and output (d_model,)."""

    weight: Tensor
    entry: Tensor | None
    w_o_out: Tensor | None


def head_checks(lm: LanguageModel, trace: Trace, layer: int, head: int, query: int, key: int) -> HeadChecks:
    """Compares each step of one head with the model's own values in a second pass.

    One position is forwarded over the run's own keys and values, so this costs one decoding step at any length.
    """
    started = time.perf_counter()
    place = find_place(lm, trace.capture, layer, head, query)
    require_integer("key", key, 0, trace.capture.n_positions - 1, "choose a position of this run")
    row = attention_row(place.captured, place.chunk, query)
    projection = output_to_show(lm, trace, place).projection
    needs_own = (projection is None or not projection.direct) and not entry_limit(lm, trace, query)
    own = own_pass(lm, trace, layer, query, projection) if needs_own else None
    with lm.lock:
        again = _second_pass(lm, trace, place, projection)
    by_step = [("pair", _pair_check(lm, place, row, key)), ("softmax", _weights_check(lm, row, head, again))]
    if own is not None:
        by_step.append(("mix", _changed_check(lm, row, head, own)))
    elif projection is not None:
        by_step.append(("mix", _mix_check(lm, row, head, again)))
    if projection is not None:
        by_step.append(("output", _output_check(lm, own.entry if own else row.z, projection, again)))
    steps, checks = zip(*by_step, strict=True)
    return HeadChecks(steps, checks, time.perf_counter() - started)


@torch.inference_mode()
def _second_pass(lm: LanguageModel, trace: Trace, place: Place, projection: OutputProjection | None) -> _SecondPass:
    """Forwards the query's position again with the model's own eager attention. Call it with `lm.lock` held."""
    kept: dict[str, Tensor] = {}

    def keep_output(_module, _args, output):
        kept["weight"] = output[1][0, :, -1]

    def keep_projection(_module, args, output):
        kept["entry"], kept["w_o_out"] = args[0][0, -1], output[0, -1]

    ids = trace.fed_ids[: place.query + 1]
    cache = cache_before(lm, trace, place.query)
    new_ids = ids if cache is None else ids[-1:]
    handles = [present(place.captured.module).register_forward_hook(keep_output)]
    if projection is not None:
        handles.append(projection.module.register_forward_hook(keep_projection))
    try:
        input_ids = torch.tensor([list(new_ids)], device=lm.device)
        with attention_as(lm, "eager"):
            lm.model(input_ids, **cache_argument(lm, cache), use_cache=cache is not None, logits_to_keep=1)
    finally:
        for handle in handles:
            handle.remove()
    kept = {name: tensor.double().cpu() for name, tensor in kept.items()}
    return _SecondPass(kept["weight"], kept.get("entry"), kept.get("w_o_out"))


def _pair_check(lm: LanguageModel, place: Place, row: AttentionRow, key: int) -> Check:
    """Compares the sum of the products with the matrix product kernel that the model uses."""
    q = place.chunk.query[place.head, place.query - place.chunk.start]
    k = place.captured.key[place.head // row.group, key]
    ours = (q.double().cpu() * k.double().cpu()).sum()
    theirs = torch.matmul(q[None].float(), k[:, None].float())[0, 0].double().cpu()
    size = float((q.double() * k.double()).abs().sum())
    how = (
        f"the sum of {len(q)} products in float64, against a float32 matrix product; "
        f"without their signs the products add up to {size:.3g}"
    )
    return Check("q · k", float((ours - theirs).abs()), _relative(lm) * size, how)


def _weights_check(lm: LanguageModel, row: AttentionRow, head: int, again: _SecondPass) -> Check:
    # A cache that evicts positions lacks the first keys, whose weight is 0.
    ours, theirs = row.weight[head], again.weight[head]
    eager = torch.zeros_like(ours)
    eager[len(ours) - len(theirs) :] = theirs
    dtype = lm.dtype
    how = (
        f"largest difference of {len(ours)} weights from the model's own eager attention: this position "
        "forwarded again, over the run's own keys and values"
    )
    return Check("weights = eager", float((ours - eager).abs().max()), MAP_TOLERANCE[dtype], how)


def _mix_check(lm: LanguageModel, row: AttentionRow, head: int, again: _SecondPass) -> Check:
    d_v = row.z.shape[-1]
    entry = present(again.entry)
    theirs = entry[head * d_v : (head + 1) * d_v]
    largest = float(entry.abs().max())
    how = (
        "largest difference of z from what entered W_O when this position was forwarded again; "
        f"the largest entry of all heads is {largest:.3g}"
    )
    error = float((row.z[head] - theirs).abs().max())
    return Check("z = input of W_O", error, _relative(lm) * largest, how)


def _changed_check(lm: LanguageModel, row: AttentionRow, head: int, own: OwnPass) -> Check:
    largest = float(own.z.abs().max())
    how = (
        "largest difference of z from the attention's own output when this position was forwarded again; the model "
        f"changes it before W_O. The largest entry of all heads is {largest:.3g}"
    )
    return Check("z = attention's output", float((row.z[head] - own.z[head]).abs().max()), _relative(lm) * largest, how)


def _output_check(lm: LanguageModel, entry: Tensor, projection: OutputProjection, again: _SecondPass) -> Check:
    ours = head_parts(projection, entry).sum(0) + output_bias(projection)
    theirs = present(again.w_o_out)
    largest = float(theirs.abs().max())
    how = (
        f"largest difference of the sum of all {len(entry)} heads' parts"
        f"{' and the bias' if projection.bias is not None else ''} from W_O's own output in the second pass; "
        f"its largest entry is {largest:.3g}"
    )
    return Check("heads sum to W_O's output", float((ours.double() - theirs).abs().max()), _relative(lm) * largest, how)


def _relative(lm: LanguageModel) -> float:
    return LOGIT_TOLERANCE[lm.dtype]
