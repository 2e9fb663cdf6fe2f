"""A few positions of a run, all layers: forwarded once more over the run's own keys and values, with hooks.

Recording every layer while a run is made was measured too: 11 % more time for a prefill of 256 positions of the bundled
model, and 270 KB a position for ever. One extra pass over 16 positions costs three decoding steps at any length,
for the positions somebody looks at; its values are compared with the run's.
"""

import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from model.attention.head_output import output_projection
from model.layers.block_parts import BlockParts, Part, stream_parts
from model.network.capture import Capture, capturing
from model.network.forward import cache_argument
from model.network.language_model import LanguageModel
from model.network.recording import LayerRows, ModuleCall, Window, recording
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.run_cache import cache_before, has_all_keys
from model.run.trace import Trace
from model.runtime.window import window as around

WINDOW = 16
KEPT_WINDOWS = 3
# A model whose keys and values are not all captured is forwarded from its first token: about a second.
FORWARDED = 512


def window_of(lm: LanguageModel, trace: Trace, position: int) -> Window:
    """The window that holds a position, recorded now unless it is held already.

    Raises UserError for a position that has not been through the model, and for layers without one vector a position.
    """
    parts = stream_parts(lm).blocks or (None,) * len(lm.anatomy.blocks)
    ids = trace.fed_ids
    hint = "a token goes through the model when the next is asked for"
    require_integer("position", position, 0, len(ids) - 1, hint)
    with lm.lock:
        # One that was cut short by the end of the run, as it was then, is not enough when the run has grown; one that
        # goes past what is shown of it is too much.
        held = [w for w in trace.windows.values() if w.start <= position < w.stop <= len(ids)]
        whole = [w for w in held if w.stop - w.start == WINDOW or w.stop == len(ids)]
        found = whole[-1] if whole else _record(lm, trace, parts, ids, *around(len(ids), position, WINDOW))
        trace.windows[found.start, found.stop] = found
        trace.windows.move_to_end((found.start, found.stop))
        while len(trace.windows) > KEPT_WINDOWS:
            trace.windows.popitem(last=False)
    return found


@torch.inference_mode()
def _record(
    lm: LanguageModel,
    trace: Trace,
    parts: tuple[BlockParts | None, ...],
    ids: tuple[int, ...],
    start: int,
    stop: int,
) -> Window:
    """One pass over positions [start, stop). Call it with `lm.lock` held."""
    started = time.perf_counter()
    cache = cache_before(lm, trace, start)
    first = 0 if cache is None else start
    if stop - first > FORWARDED:
        raise UserError(
            f"The layers of position {stop - 1:,} are not shown: this model's cache cannot be cut, so all "
            f"{stop:,} positions would be forwarded again; the limit is {FORWARDED}. Select an earlier one."
        )
    again = Capture(n_positions=first)
    fed = torch.tensor([list(ids[first:stop])], device=lm.device)
    projections = [_projection(lm, trace.capture, layer) for layer in range(len(parts))]
    watched = [_watched(*pair) for pair in zip(lm.anatomy.blocks, parts, projections, strict=True)]
    with (
        capturing(again, stop - first),
        recording([m for modules in watched for m in modules], stop - first, start - first) as calls,
    ):
        out = lm.model(fed, **cache_argument(lm, cache), use_cache=cache is not None)
    logits = out.logits[0, start - first :].float().cpu()
    seen = {call.module: call for call in calls}
    for index, block in enumerate(lm.anatomy.blocks):
        if block not in seen or seen[block].input is None or seen[block].output is None:
            raise UserError(f"Layer {index} of {lm.card.model_id!r} does not take and give one vector a position.")
    layers = tuple(
        _rows(block, part, projection, seen)
        for block, part, projection in zip(lm.anatomy.blocks, parts, projections, strict=True)
    )
    difference = _difference(trace, again, logits, start, stop)
    return Window(start, stop, layers, logits, stop - first, time.perf_counter() - started, *difference)


def _projection(lm: LanguageModel, capture: Capture, layer: int) -> nn.Module | None:
    """W_O of a layer whose heads were captured."""
    if layer >= len(capture.layers) or not capture.layers[layer].chunks:
        return None
    found = output_projection(capture.layers[layer], lm.card.d_model)
    return found and found.module


def _watched(block: nn.Module, parts: BlockParts | None, projection: nn.Module | None) -> Sequence[nn.Module]:
    if parts is None:
        return [module for module in (block, projection) if module is not None]
    modules = [block, parts.mixer.module, parts.mlp and parts.mlp.module, projection, parts.down, *parts.inputs[:1]]
    return [module for module in modules if module is not None]


def _rows(
    block: nn.Module, parts: BlockParts | None, projection: nn.Module | None, seen: dict[nn.Module, ModuleCall]
) -> LayerRows:
    def entered(module: nn.Module | None) -> Tensor | None:
        return seen[module].input if module in seen else None

    if parts is None:
        return LayerRows(seen[block].input, None, None, seen[block].output, mixed=entered(projection))
    attn_out, attn_raw = _added(parts.mixer, seen)
    mlp_out, mlp_raw = _added(parts.mlp, seen)
    return LayerRows(
        resid_pre=seen[block].input,
        attn_out=attn_out,
        mlp_out=mlp_out,
        resid_post=seen[block].output,
        attn_raw=attn_raw,
        mlp_raw=mlp_raw,
        mixed=entered(projection),
        mlp_in=entered(parts.inputs[0]) if parts.inputs else None,
        hidden=entered(parts.down),
    )


def _added(part: Part | None, seen: dict[nn.Module, ModuleCall]) -> tuple[Tensor | None, Tensor | None]:
    """What a part added to the stream, and what its sublayer gave."""
    if part is None:
        return None, None
    call = seen[part.module]
    added = call.output if part.factor == 1 else call.output * part.factor
    return added, call.input if part.normed else call.output


def _difference(trace: Trace, again: Capture, logits: Tensor, start: int, stop: int) -> tuple[float, float, str]:
    """(largest difference, largest value, of what): this pass against what the run itself left.

    Its logits where it kept them (from the last prompt position on), else the keys of its last layer.
    """
    first = len(trace.run.tokens) - 1
    kept = [p for p in range(max(start, first), stop) if p - first < len(trace.logits)]
    if kept:
        own = torch.stack([trace.logits[p - first] for p in kept])
        error = (logits[[p - start for p in kept]] - own).abs().max()
        return float(error), float(own.abs().max()), f"the run's own logits at {len(kept)} of these positions"
    if not has_all_keys(trace.capture):
        return 0.0, 0.0, ""
    own = trace.capture.layers[-1].key[:, start:stop].float().cpu()
    error = (again.layers[-1].key[:, start - stop :].float().cpu() - own).abs().max()
    return float(error), float(own.abs().max()), "the run's own keys of the last layer"
