"""How a model encodes the order of tokens, and what that does to queries and keys."""

import math
from collections.abc import Sequence

import torch

from model.capture.capture import Capture
from model.embed.embeddings import MAX_SIMILARITY
from model.embed.learned_positions import find_table, learned_positions
from model.embed.probe import block_input, probe, tolerance
from model.embed.rope import angles, find_frequencies, rotates, rotations, unrotated_pairs
from model.network.language_model import LanguageModel
from model.records.embed import Positions, RotaryPositions, Rotation
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.runtime.to_numpy import to_numpy
from model.runtime.window import window


def positions(lm: LanguageModel, capture: Capture, ids: Sequence[int], around: int, layer: int) -> Positions:
    """How this model encodes positions; a kind is only reported if its check passes.

    Raises UserError for a layer that does not exist, or a position beyond the learned table.
    """
    require_integer("layer", layer, 0, lm.card.n_layers - 1, "choose a layer of this model")
    table = find_table(lm)
    if table and table.check.passed:
        if around >= len(table.table) - table.offset:
            raise UserError(f"Position {around:,} is beyond the table of {len(table.table):,} rows.")
        received = block_input(lm, table.table[table.offset].float())
        reason = "Block 0 receives the token's row plus a learned row for its position."
        return Positions("learned", reason, received, learned=learned_positions(table, around))
    received = block_input(lm, None)
    rotation = rotations(lm)[layer] if layer < len(rotations(lm)) else None
    if rotation is not None and rotates(rotation):
        rotary = _rotary(lm, capture, ids, around, rotation)
        return Positions("rope", "Queries and keys are rotated by their position.", received, rotary=rotary)
    return Positions("other", _why_not(lm, rotation, layer), received)


def _rotary(lm, capture, ids, around: int, rotation: Rotation) -> RotaryPositions:
    start, stop = window(len(ids), around, MAX_SIMILARITY)
    radians = angles(rotation, torch.arange(start, stop))
    errors = [r.check.error for r in rotations(lm) if r is not None and rotates(r)]
    return RotaryPositions(
        rotation=rotation,
        start=start,
        n_positions=len(ids),
        angles=to_numpy(radians.remainder(2 * math.pi)),
        wavelengths=to_numpy(2 * math.pi / torch.from_numpy(rotation.inv_freq)),
        n_layers_verified=len(errors),
        n_layers=lm.card.n_layers,
        worst_error=max(errors),
        run_check=_repeats_check(lm, capture, ids),
    )


@torch.inference_mode()
def _repeats_check(lm: LanguageModel, capture: Capture, ids: Sequence[int]) -> Check | None:
    """Compares tokens that this run repeats: in layer 0, their keys must be equal once rotated back to position 0."""
    rotation = rotations(lm)[0]
    if rotation is None or not rotates(rotation):
        return None
    key = capture.layers[0].key.float().cpu()
    fed = torch.tensor(list(ids[: key.shape[1]]))
    _, group, counts = fed.unique(return_inverse=True, return_counts=True)
    repeated = (counts[group] > 1).nonzero()[:, 0]
    if key.shape[1] != capture.n_positions or len(repeated) == 0:
        return None
    first = torch.tensor([int((fed == i).nonzero()[0]) for i in fed[repeated]])
    back, _ = unrotated_pairs(rotation, key, torch.arange(key.shape[1]))
    error = float((back[:, repeated] - back[:, first]).abs().max() / back.abs().max())
    how = (
        f"{len(repeated)} positions of this run hold a token that occurs more than once, up to "
        f"{int((repeated - first).max())} positions apart: in layer 0 their keys, turned back, "
        "must be equal."
    )
    return Check("repeated tokens of this run", error, tolerance(lm), how)


def _why_not(lm: LanguageModel, rotation: Rotation | None, layer: int) -> str:
    """What was searched and measured, if neither a rotation nor a table was verified."""
    inputs, before = probe(lm).block_input, probe(lm).before_norm
    table = None if before is None else find_table(lm, before)
    if table and table.check.passed:
        return (
            f"Each token's row has a learned row for its position added to it, from a table of {len(table.table):,} "
            f"rows (measured: {table.check.error:.1e} of the largest entry is left unexplained). A norm stands between "
            "that sum and block 0, so what block 0 receives is no plain sum, and the table is not drawn."
        )
    change = float((inputs - inputs[0]).abs().max() / inputs.abs().max())
    if find_frequencies(lm.model):
        if rotation is not None and rotation.check.passed:
            return (
                f"Layer {layer} does not rotate: keys of one token are equal at all positions "
                f"(they differ by {rotation.check.error:.1e} of the largest). Other layers may."
            )
        error = rotation and f"the error is {rotation.check.error:.1e}"
        return (
            f"The model holds rotary frequencies, but that layer {layer} turns its keys by them "
            f"could not be shown ({error or 'its keys could not be captured'}), nothing is drawn."
        )
    if change > tolerance(lm):
        return (
            "Neither rotary frequencies nor a learned table was found, yet what block 0 receives "
            f"for one token changes with position (by {change:.1e} of the largest entry): "
            "positions are computed and added."
        )
    return (
        "Neither rotary frequencies nor a learned table was found, and block 0 receives the same "
        f"for one token at every position (difference {change:.2g}). Position enters inside the "
        "blocks, in a way that is not measured here: a bias on the attention scores (ALiBi), a "
        "rotation computed there, or the order of reading alone."
    )
