"""Residual stream to the tokens it would give if the network ended there: the logit lens (nostalgebraist 2020).

The final norm and the unembedding are the model's own modules; on the last layer they give the model's own logits.
"""

import math

import torch
from torch import Tensor

from model.layers.residual import note, passed, recomputed
from model.layers.unembedding import Unembedding, unembedding
from model.layers.window import window_of
from model.network.language_model import LanguageModel
from model.network.recording import Window
from model.network.to_numpy import to_numpy
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.layers import LensTile
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.tokens.describe import describe

TOP = 5
# What one call may cost: multiplications, about 0.2 s on two cores, and logits in memory.
PRODUCTS_A_CALL = 4e9
LOGITS_A_CALL = 8e6
LENS = "lens on the last layer = logits"


def known_unembedding(lm: LanguageModel) -> Unembedding:
    """The way to the logits. Raises UserError where it is unknown."""
    way = unembedding(lm)
    if way.reason:
        raise UserError(f"No logit lens for {lm.card.model_id!r}: {way.reason}.")
    return way


def lens(lm: LanguageModel, trace: Trace, position: int, row_start: int) -> LensTile:
    """The lens on the positions around `position`, from row `row_start` on, for as many rows as a call may cost."""
    way = known_unembedding(lm)
    window = window_of(lm, trace, position)
    n_rows, n = len(window.layers) + 1, window.stop - window.start
    require_integer("row_start", row_start, 0, n_rows - 1, "row 0 is the embedding")
    cost = lm.card.n_vocab * n
    at_once = max(1, int(min(PRODUCTS_A_CALL / (cost * lm.card.d_model), LOGITS_A_CALL / cost)))
    row_stop = min(n_rows, row_start + at_once)
    # With the first rows too: what fails its check is not shown at all.
    proved = row_start == 0 or row_stop == n_rows
    checks = passed(lm, (lens_check(lm, way, window), *recomputed(lm, window))) if proved else ()
    stream = [window.layers[0].resid_pre, *(layer.resid_post for layer in window.layers)][row_start:row_stop]
    target = followers(trace, window)
    logits = way.logits(torch.cat(stream)).unflatten(0, (len(stream), n))
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
        tokens=tuple(describe(lm.vocabulary, i, -1) for i in sorted(ids)),
        vocabulary=logits.shape[-1],
        note=note(trace, window),
        checks=checks,
    )


@torch.inference_mode()
def _read(logits: Tensor, target: Tensor):
    """Top tokens, entropy in bits, and the target's probability and rank, from logits (row, position, vocab)."""
    logs = logits.log_softmax(-1)
    probability = logs.exp()
    entropy = -torch.special.xlogy(probability, probability).sum(-1) / math.log(2)
    index = target.clamp_min(0).expand(logits.shape[:-1])[..., None]
    its = logs.gather(-1, index)
    there = (target >= 0).expand(logits.shape[:-1])
    rank = torch.where(there, 1 + (logs > its).sum(-1), 0)
    return probability.topk(min(TOP, logits.shape[-1])), entropy, its[..., 0].exp().where(there, math.nan), rank


def followers(trace: Trace, window: Window) -> Tensor:
    """The id that follows each position of the window in this run; -1 where none does yet."""
    ids = trace.run.tokens.ids + tuple(step.token.id for step in trace.run.steps)
    return torch.tensor([ids[p + 1] if p + 1 < len(ids) else -1 for p in range(window.start, window.stop)])


def lens_check(lm: LanguageModel, way: Unembedding, window: Window) -> Check:
    """The lens on the last layer against the logits that the model gave in the same pass."""
    error = (way.logits(window.layers[-1].resid_post) - window.logits).abs().max()
    largest = float(window.logits.abs().max())
    how = (
        f"Final norm and unembedding laid on the stream after the last layer, against the model's own logits: the "
        f"largest difference over {window.stop - window.start} positions and {window.logits.shape[-1]:,} tokens; "
        f"the largest logit is {largest:.3g}."
    )
    return Check(LENS, float(error), LOGIT_TOLERANCE[lm.anatomy.embed.weight.dtype] * largest, how)
