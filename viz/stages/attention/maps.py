"""The Prefill stage: attention maps, thumbnails of all heads, one position's attention, the KV cache."""

from dataclasses import replace
from typing import TypedDict

import numpy as np

from model.records.prefill import (
    AttentionOverview,
    AttentionTile,
    KVCacheRecord,
    PositionAttention,
    RunChecks,
    TopWeights,
)
from model.records.run import Check
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import integer, so_far, text
from viz.wire.engine import Engine
from viz.wire.plain import Packed, Plain, PlainWith, pack, plain, plain_with

MAX_LAYER = 10_000
# Up to this many cells a map travels as float32; a larger one as float16, which has three digits.
EXACT_CELLS = 36_000
DIGITS = 7


class AttentionTileAnswer(TypedDict):
    exact: bool


class ScoresByName(TypedDict):
    previous: Packed
    first: Packed
    own: Packed
    induction: Packed
    entropy: Packed
    distance: Packed


class HeadScoresAnswer(TypedDict):
    layer_start: int
    layer_stop: int
    n_positions: int
    n_repeats: int
    scores: ScoresByName
    checks: list[Plain[Check]]


class LargestWeights(TypedDict):
    positions: list[int]
    weights: list[float]
    total: float


class PositionAnswer(TypedDict):
    attends_to: LargestWeights
    attended_by: LargestWeights


def attention_tile(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[AttentionTile, AttentionTileAnswer]:
    """A rectangle of one head's pattern, at most 256 x 256 cells."""
    found = engine.attention.tile(
        recipe,
        *_head(args),
        queries=(integer(args, "query_start"), integer(args, "query_stop", low=1)),
        keys=(integer(args, "key_start"), integer(args, "key_stop", low=1)),
        rule=text(args, "rule", "max"),
    )
    exact = found.pattern.size <= EXACT_CELLS
    sent = found if exact else replace(found, pattern=found.pattern.astype(np.float16))
    return plain_with(sent, AttentionTileAnswer(exact=exact))


def attention_overview(engine: Engine, recipe: Recipe, args: dict) -> Plain[AttentionOverview]:
    """Thumbnails of all heads of the layers from `layer_start` on; `layer_stop` says where to go on."""
    layer_start = args.get("layer_start", 0)
    require_integer("layer_start", layer_start, 0, MAX_LAYER, "layers are counted from 0")
    n_positions, rule = integer(args, "n_positions", low=1), text(args, "rule", "max")
    return plain(engine.attention.overview(recipe, layer_start, n_positions, rule))


def head_scores(engine: Engine, recipe: Recipe, args: dict) -> HeadScoresAnswer:
    """Scores of all heads of the layers from `layer_start` on; `layer_stop` says where to go on."""
    layer_start = args.get("layer_start", 0)
    require_integer("layer_start", layer_start, 0, MAX_LAYER, "layers are counted from 0")
    found = engine.attention.head_scores(recipe, layer_start, integer(args, "n_positions", low=1))
    return {
        "layer_start": found.layer_start,
        "layer_stop": found.layer_stop,
        "n_positions": found.n_positions,
        "n_repeats": found.n_repeats,
        "scores": {
            "previous": pack(found.previous),
            "first": pack(found.first),
            "own": pack(found.own),
            "induction": pack(found.induction),
            "entropy": pack(found.entropy),
            "distance": pack(found.distance),
        },
        "checks": [plain(check) for check in found.checks],
    }


def attention_position(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[PositionAttention, PositionAnswer]:
    """What `position` attends to in one head and who attends to it, among the first `n_positions`."""
    places = integer(args, "position"), integer(args, "n_positions", low=1)
    found = engine.attention.position(recipe, *_head(args), *places)
    largest = PositionAnswer(attends_to=_weights(found.attends_to), attended_by=_weights(found.attended_by))
    return plain_with(found, largest)


def prefill_checks(engine: Engine, recipe: Recipe, args: dict) -> Plain[RunChecks]:
    """This run's numbers for one head against a second forward pass: about a second of work."""
    return plain(engine.attention.check_run(recipe, *_head(args), so_far(args)))


def kv_cache(engine: Engine, recipe: Recipe, args: dict) -> Plain[KVCacheRecord]:
    """What the KV cache of the run holds, layer by layer."""
    return plain(engine.cache.contents(recipe, so_far(args)))


def _head(args: dict) -> tuple[int, int]:
    layer, head = args.get("layer", 0), args.get("head", 0)
    require_integer("layer", layer, 0, MAX_LAYER, "layers are counted from 0")
    require_integer("head", head, 0, MAX_LAYER, "heads are counted from 0")
    return layer, head


def _weights(weights: TopWeights) -> LargestWeights:
    return {
        "positions": weights.positions.tolist(),
        "weights": [float(f"{weight:.{DIGITS}g}") for weight in weights.weights.tolist()],
        "total": weights.total,
    }


VIEWS = {
    "attention_tile": attention_tile,
    "attention_overview": attention_overview,
    "head_scores": head_scores,
    "attention_position": attention_position,
    "prefill_checks": prefill_checks,
    "kv_cache": kv_cache,
}
