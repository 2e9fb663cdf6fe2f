"""The score of one query and one key at every distance: the effect of RoPE on a dot product."""

import torch

from model.capture.capture import Capture, QueryChunk
from model.embed.probe import tolerance
from model.embed.rope import angles, rotate, rotates, rotations, unrotated_pairs
from model.network.language_model import LanguageModel
from model.records.embed import DotProduct, Rotation
from model.records.run import Check
from model.request.errors import UserError
from model.request.validate import require_integer
from model.runtime.to_numpy import to_numpy

MIN_DISTANCES, MAX_DISTANCES = 256, 512


@torch.inference_mode()
def dot_product(lm: LanguageModel, capture: Capture, layer: int, head: int, query: int, key: int) -> DotProduct:
    """The score of a query and a key as it is, and what RoPE would make it at every other distance.

    Raises UserError for a layer without verified rotation, or for a key that the query cannot see.
    """
    rotation = _verified_rotation(lm, layer)
    require_integer("head", head, 0, lm.card.n_heads - 1, "choose a head of this model")
    require_integer("key position", key, 0, query, "a query sees only itself and what is before it")
    chunk = _chunk_of(capture, layer, query)
    first_key = int(chunk.first[query - chunk.start])
    if key < first_key:
        raise UserError(
            f"Key position {key:,} is outside this layer's window: query {query:,} sees keys from "
            f"{first_key:,}. Choose a later key."
        )
    keys = capture.layers[layer].key
    kv_head = head // (chunk.query.shape[0] // keys.shape[0])
    q = chunk.query[head, query - chunk.start].float().cpu()
    k = keys[kv_head, key].float().cpu()
    q_pairs, q_rest = unrotated_pairs(rotation, q[None], torch.tensor([query]))
    k_pairs, k_rest = unrotated_pairs(rotation, k[None], torch.tensor([key]))
    n = min(max(MIN_DISTANCES, capture.n_positions), MAX_DISTANCES)
    distances = torch.arange(max(n, query - key + 1))
    # For each pair Re(q conj(k) e^{i distance angle}): Su et al. 2021, equation 12, scaled.
    products = rotate((q_pairs * k_pairs.conj())[0], angles(rotation, distances)).real * chunk.scaling
    rest = float((q_rest * k_rest).sum() * chunk.scaling)
    scores = products.sum(-1) + rest
    score, distance = float(q @ k * chunk.scaling), query - key
    error = abs(float(scores[distance]) - score)
    how = "The score from the q and k turned back to position 0, against q . k as the model had them."
    return DotProduct(
        layer=layer,
        head=head,
        kv_head=kv_head,
        query=query,
        key=key,
        distance=distance,
        scaling=float(chunk.scaling),
        score=score,
        scores=to_numpy(scores[:MAX_DISTANCES]),
        contributions=to_numpy(products[distance]),
        unrotated=rest,
        check=Check("score at the real distance", error, tolerance(lm) * max(1.0, abs(score)), how),
    )


def _verified_rotation(lm: LanguageModel, layer: int) -> Rotation:
    require_integer("layer", layer, 0, lm.card.n_layers - 1, "choose a layer of this model")
    by_layer = rotations(lm)
    rotation = by_layer[layer] if layer < len(by_layer) else None
    if rotation is None or not rotates(rotation):
        raise UserError(f"That layer {layer} rotates its keys could not be shown. Choose another layer.")
    return rotation


def _chunk_of(capture: Capture, layer: int, query: int) -> QueryChunk:
    chunk = capture.layers[layer].chunk_of(query)
    if chunk is None:
        raise UserError(
            f"Position {query:,} has no query yet: {capture.n_positions:,} positions went through "
            "the model. Choose an earlier one, or generate one more token."
        )
    return chunk
