"""The experts that the router chooses for each position of a run, from one more pass over its tokens, with hooks.

The choice shown is the one that the experts receive; the router's logits are compared with W·x, its matrix times its
input.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from model.architecture.describe import routed_layers
from model.network.forward import layer_progress
from model.network.language_model import LanguageModel
from model.network.sublayers import Sublayers
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.architecture import Routing
from model.records.run import Check, Token, not_made
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.window import window

SHOWN = 96
LOGITS = "router logits = W·x"


@torch.inference_mode()
def routing(lm: LanguageModel, trace: Trace, position: int, on_layer: Callable[[int, int], None]) -> Routing:
    """The routing around `position`. Raises UserError for a dense model, or a router that cannot be read."""
    layers = routed_layers(lm)
    if not layers:
        raise UserError("This model is dense: every position passes through every weight, and no router chooses.")
    ids, started = trace.fed_ids, time.perf_counter()
    require_integer("position", position, 0, len(ids) - 1, "a token goes through the model when the next is asked for")
    records: dict[int, dict[str, list[Tensor]]] = {index: {} for index in layers}
    with lm.lock, ExitStack() as hooks:
        for index, layer in layers.items():
            _add_hooks(hooks, layer, records[index])
        with layer_progress(lm, on_layer):
            lm.model(torch.tensor([list(ids)], device=lm.device), use_cache=False, logits_to_keep=1)
    by_layer = [_choice(layers[index], records[index], len(ids)) for index in layers]
    choices = [choice for choice in by_layer if choice is not None]
    if len(choices) < len(by_layer):
        raise UserError(
            f"What the router of {lm.card.family!r} picks could not be read from what it hands to the experts. "
            "Choose another mixture of experts for this view."
        )
    k = min(experts.shape[1] for experts, _ in choices)
    experts = torch.stack([experts[:, :k] for experts, _ in choices])
    weights = torch.stack([weights[:, :k] for _, weights in choices])
    logits = [_logits(layers[index], records[index]) for index in layers]
    start, stop = window(len(ids), position, SHOWN)
    return Routing(
        layers=tuple(layers),
        start=start,
        tokens=_tokens(trace)[start:stop],
        experts=experts[:, start:stop].numpy().astype("int32"),
        weights=weights[:, start:stop].numpy(),
        load=torch.stack([x.flatten().bincount(minlength=logits[0][0].shape[1]) for x in experts]).numpy(),
        n_positions=len(ids),
        by_logits=_by_logits(experts, [computed for computed, _ in logits]),
        seconds=time.perf_counter() - started,
        checks=(_check(lm, logits),),
    )


def _tokens(trace: Trace) -> tuple[Token, ...]:
    return (*trace.run.tokens.tokens, *(step.token for step in trace.run.steps))


def _add_hooks(hooks: ExitStack, layer: Sublayers, record: dict[str, list[Tensor]]) -> None:
    """Records the router's input and output, and the experts' other arguments, on the CPU."""

    def note(name: str, *values) -> None:
        flat = [v for value in values for v in (value if isinstance(value, tuple | list) else [value])]
        kept = [v.detach().cpu() for v in flat if isinstance(v, Tensor) and v.ndim > 0]
        record.setdefault(name, [v.float() if v.is_floating_point() else v for v in kept])

    router = layer.routers[0]
    hooks.callback(router.register_forward_hook(partial(_note_router, note)).remove)
    for module in layer.experts[:1]:
        hooks.callback(module.register_forward_pre_hook(partial(_note_experts, note), with_kwargs=True).remove)


def _note_router(note, _module, args, output) -> None:
    note("router input", args[0])
    note("router output", output)


def _note_experts(note, _module, args, kwargs) -> None:
    note("expert arguments", *args[1:], *(v for name, v in kwargs.items() if name != "hidden_states"))


def _choice(layer: Sublayers, record: dict[str, list[Tensor]], n: int) -> tuple[Tensor, Tensor] | None:
    """Experts and weights (position, k), largest weight first; None if they cannot be identified."""
    for name in ("expert arguments", "router output"):
        tensors = [v.reshape(n, -1) for v in record.get(name, []) if v.ndim > 1 and v.numel() % n == 0]
        experts = next((v for v in tensors if _are_choices(v, _n_experts(layer))), None)
        if experts is None:
            continue
        weights = next((v for v in tensors if v.is_floating_point() and v.shape == experts.shape), None)
        full = next((v for v in tensors if v.is_floating_point() and v.shape[1] == _n_experts(layer)), None)
        if weights is None and full is not None:
            weights = full.gather(1, experts.long())
        if weights is not None:
            return _sort(experts.long(), weights)
    return _from_sparse_weights(layer, record.get("router output", []), n)


def _are_choices(numbers: Tensor, n_experts: int) -> bool:
    """True if each row contains the indices of different experts."""
    if numbers.is_floating_point() or numbers.dtype == torch.bool or numbers.shape[1] > n_experts:
        return False
    in_order = numbers.sort(dim=1).values
    return bool(
        (in_order[:, 0] >= 0).all() and (in_order[:, -1] < n_experts).all() and (in_order.diff(dim=1) > 0).all()
    )


def _from_sparse_weights(layer: Sublayers, outputs: list[Tensor], n: int) -> tuple[Tensor, Tensor] | None:
    """The choice if the router returns a weight for every expert, which is 0 for those not chosen."""
    for scores in outputs:
        if scores.numel() != n * _n_experts(layer) or not scores.is_floating_point():
            continue
        scores = scores.reshape(n, -1)
        counts = (scores != 0).sum(1)
        if 0 < counts[0] < scores.shape[1] and bool((counts == counts[0]).all()):
            weights, experts = scores.topk(int(counts[0]), dim=1)
            return experts, weights
    return None


def _sort(experts: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    weights, order = weights.sort(dim=1, descending=True)
    return experts.gather(1, order), weights


def _matrix(layer: Sublayers) -> tuple[Tensor, Tensor | None]:
    """The router's matrix (expert, d_model), and its bias if it has one."""
    router = layer.routers[0]
    owner = next(m for m in router.modules() if any(p.ndim == 2 for p in m.parameters(recurse=False)))
    weight = next(p for p in owner.parameters(recurse=False) if p.ndim == 2)
    bias = getattr(owner, "bias", None)
    return weight, bias if isinstance(bias, Tensor) else None


def _n_experts(layer: Sublayers) -> int:
    return _matrix(layer)[0].shape[0]


def _logits(layer: Sublayers, record: dict[str, list[Tensor]]) -> tuple[Tensor, Tensor | None]:
    """The router's logits (position, expert): computed as W·x, and as the router returned them, if it does."""
    weight, bias = _matrix(layer)
    computed = nn.functional.linear(
        record["router input"][0].reshape(-1, weight.shape[1]),
        weight.float().cpu(),
        None if bias is None else bias.float().cpu(),
    )
    outputs = [v for v in record["router output"] if v.numel() == computed.numel() and v.is_floating_point()]
    candidates = [v.reshape(computed.shape) for v in outputs]
    error = lambda v: float((v - computed).abs().nan_to_num(torch.inf).max())  # noqa: E731
    return computed, min(candidates, key=error, default=None)


def _by_logits(experts: Tensor, logits: list[Tensor]) -> float:
    """The share of (layer, position) pairs whose chosen experts are those with the largest logits."""
    k = experts.shape[2]
    equal = [
        (of_layer.topk(k, dim=1).indices.sort(dim=1).values == chosen.sort(dim=1).values).all(1)
        for of_layer, chosen in zip(logits, experts, strict=True)
    ]
    return float(torch.stack(equal).float().mean())


def _check(lm: LanguageModel, logits: list[tuple[Tensor, Tensor | None]]) -> Check:
    pairs = [(computed, returned) for computed, returned in logits if returned is not None]
    tolerance = LOGIT_TOLERANCE[lm.dtype]
    if not pairs:
        return not_made(LOGITS, tolerance, "this router does not give its logits away")
    largest = max(float(computed.abs().max()) for computed, _ in pairs)
    error = max(float((computed - returned).abs().max()) for computed, returned in pairs)
    where = f"{len(pairs)} layers, {pairs[0][0].shape[0]} positions; the largest logit is {largest:.3g}"
    return Check(LOGITS, error, tolerance * largest, f"largest difference from the router's own logits: {where}")
