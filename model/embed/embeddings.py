"""Rows of the embedding matrix: their values, norms, cosine similarities and nearest neighbours in the vocabulary."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from model.network.language_model import LanguageModel
from model.records.embed import Embeddings, Neighbours, Similarity
from model.request.validate import require_integer
from model.runtime.to_numpy import to_numpy
from model.runtime.window import window
from model.tokens.describe import describe_token

MAX_ROWS = 32
MAX_VALUES = 32 * 768  # values of all rows in one record: the limit of one answer
MAX_SIMILARITY = 128
MAX_NEIGHBOURS = 50
VOCABULARY_CHUNK = 16_384  # rows scored at once: bounds the float32 copy of a bf16 matrix


@torch.inference_mode()
def embeddings(lm: LanguageModel, ids: Sequence[int], around: int) -> Embeddings:
    """The rows of the tokens near position `around`; fewer of them if they are wide."""
    start, stop = window(len(ids), around, max(4, min(MAX_ROWS, MAX_VALUES // lm.card.d_embed)))
    rows = rows_of(lm, ids[start:stop])
    return Embeddings(
        start=start,
        n_positions=len(ids),
        rows=to_numpy(rows),
        norms=to_numpy(rows.norm(dim=-1)),
        low=float(rows.min()),
        high=float(rows.max()),
        typical=float(rows.abs().flatten().quantile(0.99)),
        vocabulary_norm=_mean_norm(lm),
    )


@torch.inference_mode()
def similarity(lm: LanguageModel, ids: Sequence[int], around: int) -> Similarity:
    """Cosine similarity of the rows of all tokens near position `around`."""
    start, stop = window(len(ids), around, MAX_SIMILARITY)
    unit = unit_length(rows_of(lm, ids[start:stop]))
    return Similarity(start=start, n_positions=len(ids), cosine=to_numpy(unit @ unit.T))


@torch.inference_mode()
def nearest(lm: LanguageModel, token_id: int, k: int) -> Neighbours:
    """The `k` tokens nearest to a token, by cosine similarity over the whole vocabulary."""
    require_integer("k", k, 1, MAX_NEIGHBOURS, "ask for fewer neighbours")
    require_integer("token id", token_id, 0, n_vocab(lm) - 1, "use an id of this vocabulary")
    cosine, ids = neighbours_of(lm, [token_id], k)
    return Neighbours(
        token=describe_token(lm.vocabulary, token_id, -1),
        neighbours=tuple(describe_token(lm.vocabulary, i, -1) for i in ids[0].tolist()),
        cosine=cosine[0],
        vocabulary=n_vocab(lm),
    )


@torch.inference_mode()
def neighbours_of(
    lm: LanguageModel, ids: Sequence[int], k: int
) -> tuple[Float[np.ndarray, "token k"], Int[np.ndarray, "token k"]]:
    """Cosines and ids of the `k` tokens of the vocabulary nearest to each id, nearest first, without the id itself."""
    queries = unit_length(rows_of(lm, ids))
    itself = torch.tensor(list(ids), device=lm.device)
    best, best_ids = queries.new_empty(len(ids), 0), itself.new_empty(len(ids), 0)
    for start in range(0, n_vocab(lm), VOCABULARY_CHUNK):
        stop = min(start + VOCABULARY_CHUNK, n_vocab(lm))
        cosine = queries @ unit_length(lm.anatomy.embed_weight[start:stop].float()).T
        here = torch.arange(start, stop, device=lm.device)
        cosine = cosine.masked_fill(here == itself[:, None], -torch.inf)
        merged = torch.cat([best, cosine], dim=-1)
        merged_ids = torch.cat([best_ids, here.expand(len(ids), -1)], dim=-1)
        best, index = merged.topk(min(k, merged.shape[-1]))
        best_ids = merged_ids.gather(-1, index)
    # A vocabulary of k tokens or fewer has the id itself among them, last.
    n_others = min(k, n_vocab(lm) - 1)
    return to_numpy(best[:, :n_others]), best_ids[:, :n_others].cpu().numpy().copy()


def rows_of(lm: LanguageModel, ids: Sequence[int]) -> Tensor:
    """Rows (n, d_embed) of the matrix itself, float32, without the factor that some embedding modules apply (gemma)."""
    return lm.anatomy.embed_weight[torch.tensor(list(ids), device=lm.device)].float()


def unit_length(rows: Tensor) -> Tensor:
    """Rows divided by their norm; a row of zeros (an untrained token) stays zero."""
    return rows / rows.norm(dim=-1, keepdim=True).clamp_min(1e-12)


def n_vocab(lm: LanguageModel) -> int:
    """The number of tokens that have both a row and an entry: some matrices are padded with unused rows."""
    return min(lm.anatomy.embed_weight.shape[0], len(lm.tokenizer))


@torch.inference_mode()
def _mean_norm(lm: LanguageModel) -> float:
    weight = lm.anatomy.embed_weight[: n_vocab(lm)]
    norms = [part.float().norm(dim=-1) for part in weight.split(VOCABULARY_CHUNK)]
    return float(torch.cat(norms).mean())
