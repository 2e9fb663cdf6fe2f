"""The neurons of an MLP at one position: what each writes, and which tokens' logits that raises or lowers.

mlp_out = sum over neurons of activation x row of W_down (+ bias): each neuron writes its own direction in proportion to
its activation (Geva et al. 2022). Its direct effect on the logits is computed with the norms' scales held fixed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.activations import ACT2FN
from transformers.pytorch_utils import Conv1D

from model.capture.recording import LayerRows
from model.layers.attribution import target_token
from model.layers.block_parts import BlockParts, matrix, require_parts
from model.layers.lens import require_unembedding
from model.layers.linearised import Frozen
from model.layers.readout import Readout, pull_through, readout, sublayer_norm
from model.layers.residual import at_row, note, recompute_check, require_passed
from model.layers.unembedding import Unembedding
from model.layers.window import window_of
from model.network.anatomy import weight_of
from model.network.language_model import LanguageModel
from model.network.sublayers import ACTIVATIONS
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import Neuron, Neurons
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.present import present
from model.runtime.to_numpy import to_numpy
from model.tokens.describe import describe_token

MAX_NEURONS = 20
TOKENS = 8
# Largest error of a recognised function, as a share of the largest activation: bfloat16 rounds by a hundredth.
TOLERANCE = 0.02
SUM, RANKED = "neurons sum to mlp_out", "none writes more than those listed"
# Rounding of a product in float32.
RANK_ERROR, ROWS_AT_ONCE = 1e-4, 1024
FUNCTIONS = {
    "SiLU": F.silu,
    "GELU": F.gelu,
    "GELU (tanh)": lambda x: F.gelu(x, approximate="tanh"),
    "ReLU": F.relu,
    "ReLU²": lambda x: F.relu(x).square(),
    "quick GELU": lambda x: x * torch.sigmoid(1.702 * x),
}


@torch.inference_mode()
def neurons(lm: LanguageModel, trace: Trace, layer: int, position: int, k: int, token_id: int | None = None) -> Neurons:
    """The `k` neurons of a layer that write most at a position.

    Raises UserError for a layer without a single last MLP matrix, if a check fails, or for arguments out of range.
    """
    unembed = require_unembedding(lm)
    require_integer("layer", layer, 0, len(lm.anatomy.blocks) - 1, "layers are counted from 0")
    require_integer("k", k, 1, MAX_NEURONS, "ask for fewer neurons")
    parts = require_parts(lm)[layer]
    window = window_of(lm, trace, position)
    if parts.down is None:
        kind = "has no MLP" if parts.mlp is None else "is a mixture of experts or has no one last matrix"
        raise UserError(f"Neurons are not shown for layer {layer}: it {kind}. Choose another layer.")
    row = at_row(window.layers[layer], position - window.start)
    token_id = target_token(lm, trace, window, position, token_id)
    reading = readout(unembed, at_row(window.layers[-1], position - window.start).resid_post, token_id, None)
    weight, hidden = matrix(parts.down).detach().float().cpu(), present(row.hidden)
    writes = hidden.abs() * weight.norm(dim=-1)
    order = writes.topk(min(k, len(writes))).indices
    gate, up, function = neuron_inputs(parts, row, named_function(lm, lm.anatomy.blocks[layer], parts))
    shown = tuple(_neurons(lm, unembed, parts, row, reading, order, gate, up))
    checks = (_sum_check(lm, parts.down, hidden @ weight, row), rank_check(shown, hidden, weight))
    return Neurons(
        layer=layer,
        position=position,
        token=describe_token(lm.vocabulary, token_id, -1),
        n_neurons=len(hidden),
        n_active=int((hidden != 0).sum()),
        share=float(writes[order].sum() / writes.sum().clamp_min(1e-300)),
        function=function,
        gated=gate is not None,
        neurons=shown,
        note=note(trace, window),
        checks=require_passed(lm, (*checks, *recompute_check(lm, window))),
    )


def named_function(lm: LanguageModel, block: nn.Module, parts: BlockParts) -> str:
    """The name of the MLP's activation function by what it is: the module beside the matrices, or the config's.

    It is recognised on a grid in float32, where GELU and its tanh form differ by 5e-4: recorded bfloat16 activations
    could be of either. Empty if it is none of FUNCTIONS.
    """
    grid = torch.linspace(-6, 6, 193)
    config = lm.model.config.get_text_config()
    holders = [m for m in block.modules() if any(child is parts.down for child in m.children())]
    beside = [m for holder in (*holders, block) for m in holder.children() if not list(m.parameters())]
    named = (getattr(config, name, None) for name in ACTIVATIONS)
    for function in (*beside, *(ACT2FN[name] for name in named if isinstance(name, str) and name in ACT2FN)):
        try:
            values = function(grid)
        except Exception:  # a module of another kind takes other arguments
            continue
        for name, known in FUNCTIONS.items():
            if torch.is_tensor(values) and torch.allclose(values, known(grid), atol=1e-5, rtol=0):
                return name
    return ""


def neuron_inputs(parts: BlockParts, row: LayerRows, named: str) -> tuple[Tensor | None, Tensor | None, str]:
    """Returns (gate, up, name of the activation function) for all neurons; None and '' if not recognised.

    Which of two inputs is the gate follows from the recorded activations; so does the function if it has no name yet.
    """
    if row.mlp_in is None or len(parts.inputs) > 2:
        return None, None, ""
    functions = {named: FUNCTIONS[named]} if named else FUNCTIONS
    rows, hidden = [_apply(module, row.mlp_in) for module in parts.inputs], present(row.hidden)
    if len(rows) == 1 and len(rows[0]) == 2 * len(hidden):
        rows = list(rows[0].chunk(2))
    if len(rows) == 1:
        fits = [(_error(function(rows[0]), hidden), name, None, rows[0]) for name, function in functions.items()]
    else:
        fits = [
            (_error(function(gate) * up, hidden), name, gate, up)
            for gate, up in (rows, rows[::-1])
            for name, function in functions.items()
        ]
    error, name, gate, up = min(fits, key=lambda fit: fit[0])
    if error <= TOLERANCE:
        return gate, up, name
    return None, rows[0] if len(rows) == 1 else None, ""


def _apply(module: nn.Module, x: Tensor) -> Tensor:
    weight = weight_of(module)
    return module(x[None].to(weight.device, weight.dtype))[0].float().cpu()


def _error(ours: Tensor, recorded: Tensor) -> float:
    """The largest difference, as a share of the largest recorded activation."""
    return float((ours - recorded).abs().max() / recorded.abs().max().clamp_min(1e-30))


def _neurons(
    lm: LanguageModel,
    unembed: Unembedding,
    parts: BlockParts,
    row: LayerRows,
    reading: Readout,
    order: Tensor,
    gate: Tensor | None,
    up: Tensor | None,
):
    mlp, hidden = present(parts.mlp), present(row.hidden)
    rows = matrix(present(parts.down))[order].detach().double().cpu()
    written = hidden[order].double()[:, None] * rows
    norm = sublayer_norm(mlp, present(row.mlp_raw), present(row.mlp_out))
    effects = written @ pull_through(mlp, norm, reading.direction)[0]
    logits = _logit_effects(unembed, reading.maps, parts, norm, written)
    n_shown = min(TOKENS, logits.shape[-1])
    highest, lowest = logits.topk(n_shown), logits.topk(n_shown, largest=False)
    for place, index in enumerate(order.tolist()):
        yield Neuron(
            index=index,
            activation=float(hidden[index]),
            gate=None if gate is None else float(gate[index]),
            up=None if up is None else float(up[index]),
            direction=float(rows[place].norm()),
            effect=float(effects[place]),
            promotes=_tokens(lm, highest.indices[place]),
            promoted_by=to_numpy(highest.values[place]),
            suppresses=_tokens(lm, lowest.indices[place]),
            suppressed_by=to_numpy(lowest.values[place]),
        )


def _logit_effects(
    unembed: Unembedding, maps: tuple[Frozen, ...], parts: BlockParts, norm: Frozen | None, written: Tensor
) -> Tensor:
    """What each neuron's vector in `written` (neuron, d_model) adds to every logit: (neuron, vocab)."""
    added = (written if norm is None else norm.push(written)) * present(parts.mlp).factor
    for stage in maps:
        added = stage.push(added)
    weight = matrix(unembed.head)
    return (added.to(weight.device, weight.dtype) @ weight).float().cpu() * unembed.factor


def _tokens(lm: LanguageModel, ids: Tensor):
    return tuple(describe_token(lm.vocabulary, i, -1) for i in ids.tolist())


def _sum_check(lm: LanguageModel, down: nn.Module, total: Tensor, row: LayerRows) -> Check:
    assert isinstance(down, nn.Linear | Conv1D), "the MLP's last matrix is one of the two"
    bias = 0.0 if down.bias is None else down.bias.detach().float().cpu()
    mlp_raw = present(row.mlp_raw)
    largest = float(mlp_raw.abs().max())
    how = (
        f"All {len(present(row.hidden)):,} neurons' writings{'' if down.bias is None else ' and the bias'}, summed, "
        f"against what the MLP gave: the largest difference of an entry; its largest entry is {largest:.3g}."
    )
    tolerance = LOGIT_TOLERANCE[lm.dtype] * largest
    return Check(SUM, float((total + bias - mlp_raw).abs().max()), tolerance, how)


def rank_check(shown: tuple[Neuron, ...], hidden: Tensor, weight: Tensor) -> Check:
    """Compares the listed neurons with the vectors that all neurons write: `hidden` (neuron,), `weight` (neuron, d)."""
    strips = zip(hidden.double().split(ROWS_AT_ONCE), weight.split(ROWS_AT_ONCE), strict=True)
    written = torch.cat([(some[:, None] * rows.double()).norm(dim=-1) for some, rows in strips])
    right = written.sort(descending=True).values[: len(shown)]
    listed = torch.tensor([abs(neuron.activation) * neuron.direction for neuron in shown], dtype=torch.float64)
    own = written[[neuron.index for neuron in shown]]
    error = torch.maximum((listed - right).abs(), (own - right).abs()).max() / right[0].clamp_min(1e-30)
    how = (
        f"|activation| times the length of the direction of the {len(shown)} listed, in their order, against the "
        f"longest vectors that all {len(hidden):,} neurons write: the largest difference as a share of the longest."
    )
    return Check(RANKED, float(error), RANK_ERROR, how)
