"""Runs one token, repeated, through the model: every difference between positions is then an effect of position.

With equal tokens all attended values are equal, so attention has the same output for every pattern: in a RoPE model the
residual stream of every layer is the same at all positions, and keys differ only by their rotation. Claims about
positions can thus be tested numerically in every layer, for a model of any family.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.capture.capture import Capture, capturing
from model.capture.recording import recording
from model.embed.embeddings import rows_of
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.network.sublayers import is_norm
from model.records.embed import BlockInput
from model.records.run import Check
from model.request.errors import UserError

PROBE_LENGTH = 48
TOLERANCES = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 6e-2}


@dataclass(frozen=True, eq=False)
class Probe:
    """The probe's results: block_input (position, d_model), and the keys (n_kv_heads, position, d_head) per layer.

    `row` (d_model,) is the token's row, projected if the model projects it. `before_norm` (position, d_model) is the
    input of the norm before block 0, if there is one (bert, bart).
    """

    token_id: int
    row: Tensor
    block_input: Tensor
    keys: tuple[Tensor | None, ...]
    before_norm: Tensor | None = None


@once_per_model
def probe(lm: LanguageModel) -> Probe:
    """Runs one token, repeated, through the model; once per model."""
    # Any token will do; the modulo is for tokenizers with more entries than the model has rows.
    token_id = lm.tokenizer(" the", add_special_tokens=False)["input_ids"][-1] % lm.card.n_vocab
    length = min(PROBE_LENGTH, lm.card.context or PROBE_LENGTH)
    capture, inputs = Capture(), []

    def keep(_, args, kwargs):
        inputs.append((args[0] if args else kwargs["hidden_states"]).detach()[0].float().clone())

    inside = set(lm.anatomy.blocks.modules())
    norms = [module for module in lm.model.modules() if is_norm(module) and module not in inside]
    with lm.lock, torch.inference_mode(), capturing(capture, length), recording(norms, length) as calls:
        hook = lm.anatomy.blocks[0].register_forward_pre_hook(keep, with_kwargs=True)
        try:
            lm.model(
                torch.full((1, length), token_id, device=lm.device),
                use_cache=False,
                logits_to_keep=1,
            )
        finally:
            hook.remove()
    if inputs[0].shape != (length, lm.card.d_model):
        raise UserError(
            f"How {lm.card.model_id!r} knows positions is not measured: its first layer does not take one vector of "
            f"{lm.card.d_model} numbers a position, but {tuple(inputs[0].shape)} for {length}."
        )
    keys = tuple(layer.key.float() if layer.keys else None for layer in capture.layers)
    before = next((call.input for call in calls if call.output is not None and _equal(call.output, inputs[0])), None)
    return Probe(token_id, _project(lm, rows_of(lm, [token_id]))[0], inputs[0], keys, before)


def _equal(output: Tensor, received: Tensor) -> bool:
    return output.shape == received.shape and torch.equal(output, received.cpu())


def _project(lm: LanguageModel, rows: Tensor) -> Tensor:
    """Rows (n, d_embed) of the embedding matrix as rows (n, d_model) of the stream; only opt-350m needs a matrix."""
    d_embed, d_model = lm.card.d_embed, lm.card.d_model
    if d_embed == d_model:
        return rows
    inside = set(lm.anatomy.blocks.modules())
    linear = [m for m in lm.model.modules() if isinstance(m, nn.Linear) and m not in inside]
    projection = next((m for m in linear if (m.in_features, m.out_features) == (d_embed, d_model)), None)
    if projection is None:
        raise UserError(
            f"What enters the first layer of {lm.card.model_id!r} is not measured: no matrix leads from a row of "
            f"{d_embed} numbers to the stream of {d_model}. Choose another model for this view."
        )
    return projection(rows.to(projection.weight.device, projection.weight.dtype)).float()


def tolerance(lm: LanguageModel) -> float:
    """How far two equal values may differ after a whole network in this model's dtype, relative to the largest."""
    return TOLERANCES[lm.dtype]


@torch.inference_mode()
def block_input(lm: LanguageModel, position_row: Tensor | None) -> BlockInput:
    """The factor between a token's row and the input of block 0, minus position 0's row (d_model,) if there is one.

    It is the least-squares fit; the check is how well it explains the input.
    """
    result = probe(lm)
    received = result.block_input[0] - (0 if position_row is None else position_row)
    scale = float(received @ result.row / (result.row @ result.row).clamp_min(1e-12))
    error = float((received - scale * result.row).abs().max() / result.block_input[0].abs().max())
    how = (
        f"Token {result.token_id} at position 0: the largest difference between what block 0 "
        "received and its row times this factor (after the matrix between embedding and stream and plus the position's "
        "row, where a model has them), as a share of the largest entry."
    )
    widened = lm.card.d_embed != lm.card.d_model
    return BlockInput(scale, widened, Check("block 0 receives the row", error, tolerance(lm), how))
