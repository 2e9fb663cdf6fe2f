"""The logit lens (nostalgebraist 2020): the tokens that the model would predict if it stopped after a given layer.

It applies the model's own final norm and unembedding to the residual stream; on the last layer these are the model's
own logits.
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from model.capture.recording import Window
from model.layers.residual import note, recompute_check, require_passed
from model.layers.unembedding import Unembedding, unembedding
from model.layers.window import window_of
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import LensTile
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.runtime.to_numpy import to_numpy
from model.tokens.describe import describe_token

TOP = 5
# Limits of one call: multiplications, about 0.2 s on two cores, and logits in memory.
MAX_PRODUCTS = 4e9
MAX_LOGITS = 8e6
LENS, LABELS = "lens on the last layer = logits", "next tokens = the run's"


def require_unembedding(lm: LanguageModel) -> Unembedding:
    """How the model computes its logits. Raises UserError if that is unknown."""
    unembed = unembedding(lm)
    if unembed.reason:
        raise UserError(f"No logit lens for {lm.card.model_id!r}: {unembed.reason}.")
    return unembed


def lens(lm: LanguageModel, trace: Trace, position: int, row_start: int) -> LensTile:
    """The lens on the positions around `position`, from row `row_start` on, for as many rows as one call may compute.

    Raises UserError if the model's unembedding is unknown, or a check fails.
    """
    unembed = require_unembedding(lm)
    window = window_of(lm, trace, position)
    n_rows, n = len(window.layers) + 1, window.stop - window.start
    require_integer("row_start", row_start, 0, n_rows - 1, "row 0 is the embedding")
    cost = lm.card.n_vocab * n
    max_rows = max(1, int(min(MAX_PRODUCTS / (cost * lm.card.d_model), MAX_LOGITS / cost)))
    row_stop = min(n_rows, row_start + max_rows)
    tile = _tile(lm, trace, unembed, window, row_start, row_stop)
    # Check with the first rows too, so that nothing is shown if the check fails.
    if row_start and row_stop < n_rows:
        return tile
    last = tile if row_stop == n_rows else _tile(lm, trace, unembed, window, n_rows - 1, n_rows)
    checks = (lens_check(lm, last, window), labels_check(last, trace), *recompute_check(lm, window))
    return replace(tile, checks=require_passed(lm, checks))


def _tile(
    lm: LanguageModel, trace: Trace, unembed: Unembedding, window: Window, row_start: int, row_stop: int
) -> LensTile:
    """The rows [row_start, row_stop) of the lens on a window, without checks."""
    n_rows, n = len(window.layers) + 1, window.stop - window.start
    stream = [window.layers[0].resid_pre, *(layer.resid_post for layer in window.layers)][row_start:row_stop]
    target = next_ids(trace, window)
    logits = unembed.logits(torch.cat(stream)).unflatten(0, (len(stream), n))
    top, entropy, probability, rank = _read(logits, target)
    ids = set(top.indices.flatten().tolist()) | {i for i in target.tolist() if i >= 0}
    return LensTile(
        row_start=row_start,
        row_stop=row_stop,
        n_rows=n_rows,
        top_ids=top.indices.numpy().copy(),
        top_probability=to_numpy(top.values),
        entropy=to_numpy(entropy),
        target=target.numpy().copy(),
        target_probability=to_numpy(probability),
        target_rank=rank.numpy().copy(),
        tokens=tuple(describe_token(lm.vocabulary, i, -1) for i in sorted(ids)),
        vocabulary=logits.shape[-1],
        note=note(trace, window),
        checks=(),
    )


@torch.inference_mode()
def _read(logits: Tensor, target: Tensor):
    """From logits (row, position, vocab): the top tokens, the entropy in bits, the target's probability and rank."""
    logs = logits.log_softmax(-1)
    probability = logs.exp()
    entropy = -torch.special.xlogy(probability, probability).sum(-1) / math.log(2)
    index = target.clamp_min(0).expand(logits.shape[:-1])[..., None]
    target_log = logs.gather(-1, index)
    has_target = (target >= 0).expand(logits.shape[:-1])
    target_probability = target_log[..., 0].exp().where(has_target, math.nan)
    rank = torch.where(has_target, 1 + (logs > target_log).sum(-1), 0)
    return probability.topk(min(TOP, logits.shape[-1])), entropy, target_probability, rank


def next_ids(trace: Trace, window: Window) -> Tensor:
    """The id that follows each position of the window in this run; -1 if none does yet."""
    ids = trace.run.tokens.ids + tuple(step.token.id for step in trace.run.steps)
    return torch.tensor([ids[p + 1] if p + 1 < len(ids) else -1 for p in range(window.start, window.stop)])


def lens_check(lm: LanguageModel, last: LensTile, window: Window) -> Check:
    """Compares the last row of a tile, as the page gets it, with the model's own probabilities in the same pass."""
    right = window.logits.double().softmax(-1).numpy()
    each = np.arange(len(right))
    entropy = -(right * np.log2(np.maximum(right, 1e-300))).sum(-1)
    has_target = last.target >= 0
    errors = [
        np.abs(last.top_probability[-1] - np.take_along_axis(right, last.top_ids[-1], -1)).max(),
        (np.abs(last.entropy[-1] - entropy) / math.log2(last.vocabulary)).max() if last.vocabulary > 1 else 0.0,
        np.abs(last.target_probability[-1] - right[each, last.target])[has_target].max(initial=0.0),
    ]
    how = (
        f"The last row of the lens against the model's own logits, over {len(right)} positions: the largest difference "
        f"of a probability, or of an entropy as a share of that of {last.vocabulary:,} equal ones."
    )
    return Check(LENS, float(max(errors)), LOGIT_TOLERANCE[lm.dtype], how)


def labels_check(last: LensTile, trace: Trace) -> Check:
    """Compares the token that a tile names as the next at each position with the run's own list: bookkeeping only."""
    ids = (*trace.run.tokens.ids, *(step.token.id for step in trace.run.steps))
    right = (*ids, -1)[last.note.start + 1 : last.note.stop + 1]
    wrong = sum(shown != own for shown, own in zip(last.target.tolist(), right, strict=True))
    how = (
        f"How many of {len(right)} positions name another token as the next than the run has there: bookkeeping, by "
        "the run's own list of tokens, with nothing computed again."
    )
    return Check(LABELS, float(wrong), 0.0, how)
