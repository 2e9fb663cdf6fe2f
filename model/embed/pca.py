"""A map of tokens: principal components of their rows and of their neighbours' rows."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from model.embed.embeddings import MAX_SIMILARITY, n_vocab, neighbours_of, rows_of
from model.network.language_model import LanguageModel
from model.records.embed import EmbeddingMap
from model.runtime.to_numpy import to_numpy
from model.runtime.window import window
from model.tokens.describe import describe_token

MAX_PROMPT_POINTS = 32
N_NEIGHBOURS = 5
N_AXES = 3


@torch.inference_mode()
def embedding_map(lm: LanguageModel, ids: Sequence[int], around: int) -> EmbeddingMap:
    """The distinct tokens closest to position `around`, each with its nearest neighbours in the vocabulary."""
    places = _places(ids, around)
    prompt_ids = list(places)
    _, neighbour_ids = neighbours_of(lm, prompt_ids, min(N_NEIGHBOURS, n_vocab(lm) - 1))
    points = {token_id: point for point, token_id in enumerate(prompt_ids)}
    for token_id in neighbour_ids.ravel().tolist():
        points.setdefault(token_id, len(points))
    rows = rows_of(lm, list(points))
    components, explained = principal_components(rows, N_AXES)
    start, stop = window(len(ids), around, MAX_SIMILARITY)
    return EmbeddingMap(
        tokens=tuple(describe_token(lm.vocabulary, token_id, -1) for token_id in points),
        positions=tuple(places.get(token_id, ()) for token_id in points),
        links=np.array([[points[i] for i in row] for row in neighbour_ids.tolist()]),
        n_prompt_all=len(set(ids[start:stop])),
        components=to_numpy(components),
        explained=to_numpy(explained),
        distance_error=_distance_error(rows, components),
    )


def principal_components(rows: Tensor, n_axes: int) -> tuple[Tensor, Tensor]:
    """Coordinates (n, n_axes) and each axis's share of the variance (n_axes,), by SVD of the centred rows.

    The sign of an axis is arbitrary; here its largest weight is positive, so that the same rows always give the same
    picture. If there are fewer points than axes, the missing axes are zero.
    """
    centred = (rows - rows.mean(dim=0)).double()
    u, s, vt = torch.linalg.svd(centred, full_matrices=False)
    strongest = vt.gather(1, vt.abs().argmax(dim=1, keepdim=True))
    coordinates = u * s * torch.where(strongest < 0, -1.0, 1.0).T
    shares = s.square() / s.square().sum().clamp_min(1e-30)
    missing = max(0, n_axes - len(s))
    coordinates = torch.nn.functional.pad(coordinates, (0, missing))[:, :n_axes]
    return coordinates.float(), torch.nn.functional.pad(shares, (0, missing))[:n_axes].float()


def _places(ids: Sequence[int], around: int) -> dict[int, tuple[int, ...]]:
    """From token id to positions, for the distinct tokens closest to `around`, in order of the text."""
    start, stop = window(len(ids), around, MAX_SIMILARITY)
    closest: dict[int, None] = {}
    for position in sorted(range(start, stop), key=lambda p: abs(p - around)):
        if len(closest) < MAX_PROMPT_POINTS:
            closest.setdefault(ids[position])
    order = [token_id for token_id in dict.fromkeys(ids[start:stop]) if token_id in closest]
    return {i: tuple(p for p in range(start, stop) if ids[p] == i) for i in order}


def _distance_error(rows: Tensor, components: Tensor) -> float:
    real, on_map = torch.pdist(rows), torch.pdist(components)
    is_positive = real > 0
    return float(((on_map - real).abs() / real)[is_positive].mean()) if is_positive.any() else 0.0
