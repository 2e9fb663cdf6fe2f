"""All layers at a few positions of a run: these are forwarded again over the run's own keys and values, with hooks.

The alternative, to record every layer during the run, was measured: 11 % more time for a prefill of 256 positions of
the bundled model, and 270 KB per position, permanently. One extra pass over 16 positions costs as much as three
decoding steps at any length, and only for positions that are viewed; its values are compared with the run's.
"""

import time
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from model.attention.find_output import LayerOutput, output_projections
from model.capture.capture import Capture, capturing
from model.capture.recording import LayerRows, ModuleCall, Window, recording
from model.layers.block_parts import BlockParts, Part, stream_parts
from model.network.forward import cache_argument
from model.network.language_model import LanguageModel
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.run_cache import MAX_FORWARDED, cache_before, has_all_keys
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.window import window as around

WINDOW = 16
KEPT_WINDOWS = 3


def window_of(lm: LanguageModel, trace: Trace, position: int) -> Window:
    """The window that contains a position, recorded now unless it is stored already.

    Raises UserError for a position that has not been forwarded, or is too far into a run whose cache cannot be cut, and
    for a model whose layers do not have one vector per position.
    """
    parts = stream_parts(lm).blocks or (None,) * len(lm.anatomy.blocks)
    outputs, ids = output_projections(lm), trace.fed_ids
    hint = "a token goes through the model when the next is asked for"
    require_integer("position", position, 0, len(ids) - 1, hint)
    with lm.lock:
        # A window that ended at the end of the run is too short once the run has grown; one that extends beyond a
        # truncated run is too long.
        stored = [w for w in trace.windows.values() if w.start <= position < w.stop <= len(ids)]
        complete = [w for w in stored if w.stop - w.start == WINDOW or w.stop == len(ids)]
        window = (
            complete[-1] if complete else _record(lm, trace, parts, outputs, ids, *around(len(ids), position, WINDOW))
        )
        trace.windows[window.start, window.stop] = window
        trace.windows.move_to_end((window.start, window.stop))
        while len(trace.windows) > KEPT_WINDOWS:
            trace.windows.popitem(last=False)
    return window


@torch.inference_mode()
def _record(
    lm: LanguageModel,
    trace: Trace,
    parts: tuple[BlockParts | None, ...],
    outputs: tuple[LayerOutput, ...],
    ids: tuple[int, ...],
    start: int,
    stop: int,
) -> Window:
    """Records one pass over the positions [start, stop). Call it with `lm.lock` held."""
    started = time.perf_counter()
    cache = cache_before(lm, trace, start)
    first = 0 if cache is None else start
    if stop - first > MAX_FORWARDED:
        raise UserError(
            f"The layers of position {stop - 1:,} are not shown: this model's cache cannot be cut, so all "
            f"{stop:,} positions would be forwarded again; the limit is {MAX_FORWARDED}. Select an earlier one."
        )
    capture = Capture(n_positions=first)
    input_ids = torch.tensor([list(ids[first:stop])], device=lm.device)
    projections = [_projection(outputs, layer) for layer in range(len(parts))]
    modules = [_modules(*layer) for layer in zip(lm.anatomy.blocks, parts, projections, strict=True)]
    with (
        capturing(capture, stop - first),
        recording([m for of_layer in modules for m in of_layer], stop - first, start - first) as calls,
    ):
        out = lm.model(input_ids, **cache_argument(lm, cache), use_cache=cache is not None)
    logits = out.logits[0, start - first :].float().cpu()
    by_module = {call.module: call for call in calls}
    for index, block in enumerate(lm.anatomy.blocks):
        if block not in by_module or by_module[block].input is None or by_module[block].output is None:
            raise UserError(f"Layer {index} of {lm.card.model_id!r} does not take and give one vector a position.")
    layers = tuple(
        _rows(block, part, projection, by_module)
        for block, part, projection in zip(lm.anatomy.blocks, parts, projections, strict=True)
    )
    difference = _difference(trace, capture, logits, start, stop)
    return Window(start, stop, layers, logits, stop - first, time.perf_counter() - started, *difference)


def _projection(outputs: tuple[LayerOutput, ...], layer: int) -> nn.Module | None:
    """W_O of a layer whose heads have parts."""
    projection = outputs[layer].projection if layer < len(outputs) else None
    return projection and projection.module


def _modules(block: nn.Module, parts: BlockParts | None, projection: nn.Module | None) -> Sequence[nn.Module]:
    """The modules of a block to record."""
    if parts is None:
        return [module for module in (block, projection) if module is not None]
    modules = [block, parts.mixer.module, parts.mlp and parts.mlp.module, projection, parts.down, *parts.inputs[:1]]
    return [module for module in modules if module is not None]


def _rows(
    block: nn.Module, parts: BlockParts | None, projection: nn.Module | None, calls: dict[nn.Module, ModuleCall]
) -> LayerRows:
    def input_of(module: nn.Module | None) -> Tensor | None:
        return calls[module].input if module in calls else None

    if parts is None:
        # Of a block whose parts are unknown only its output is read.
        entry = cast(Tensor, calls[block].input)
        return LayerRows(entry, None, None, present(calls[block].output), mixed=input_of(projection))
    attn_out, attn_raw = _outputs(parts.mixer, calls)
    mlp_out, mlp_raw = _outputs(parts.mlp, calls)
    return LayerRows(
        resid_pre=present(calls[block].input),
        attn_out=attn_out,
        mlp_out=mlp_out,
        resid_post=present(calls[block].output),
        attn_raw=attn_raw,
        mlp_raw=mlp_raw,
        mixed=input_of(projection),
        mlp_in=input_of(parts.inputs[0]) if parts.inputs else None,
        hidden=input_of(parts.down),
    )


def _outputs(part: Part | None, calls: dict[nn.Module, ModuleCall]) -> tuple[Tensor | None, Tensor | None]:
    """What a part adds to the stream, and the output of its sublayer."""
    if part is None:
        return None, None
    call = calls[part.module]
    added = call.output if part.factor == 1 else present(call.output) * part.factor
    return added, call.input if part.normed else call.output


def _difference(trace: Trace, capture: Capture, logits: Tensor, start: int, stop: int) -> tuple[float, float, str]:
    """Compares this pass with the run itself: (largest difference, largest value, what was compared).

    Logits are compared where the run kept them (from the last prompt position on), or else the keys of the last layer.
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
    error = (capture.layers[-1].key[:, start - stop :].float().cpu() - own).abs().max()
    return float(error), float(own.abs().max()), "the run's own keys of the last layer"
