"""The Prefill stage: attention maps, thumbnails of all heads, one position's attention, the KV cache."""

from dataclasses import asdict

import numpy as np

from model.records.prefill import Weights
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import integer, so_far
from viz.wire.payload import check_payload, pack

MAX_LAYER = 10_000
# Up to this many cells a map travels as float32; a larger one as float16, which has three digits.
EXACT_CELLS = 36_000
DIGITS = 7
SCORES = ("previous", "first", "own", "induction", "entropy", "distance")


def attention_tile(engine, recipe: Recipe, args: dict) -> dict:
    """A rectangle of one head's pattern, at most 256 x 256 cells."""
    found = engine.attention.tile(
        recipe,
        *_head(args),
        queries=(integer(args, "query_start"), integer(args, "query_stop", low=1)),
        keys=(integer(args, "key_start"), integer(args, "key_stop", low=1)),
        rule=args.get("rule", "max"),
    )
    exact = found.pattern.size <= EXACT_CELLS
    pattern = found.pattern if exact else found.pattern.astype(np.float16)
    return {**_plain(found), "exact": exact, "pattern": pack(pattern), "first_seen": pack(found.first_seen)}


def attention_overview(engine, recipe: Recipe, args: dict) -> dict:
    """Thumbnails of all heads of the layers from `layer_start` on; `layer_stop` says where to go on."""
    layer_start = args.get("layer_start", 0)
    require_integer("layer_start", layer_start, 0, MAX_LAYER, "layers are counted from 0")
    n_positions, rule = integer(args, "n_positions", low=1), args.get("rule", "max")
    found = engine.attention.overview(recipe, layer_start, n_positions, rule)
    return {**_plain(found), "thumbnails": pack(found.thumbnails)}


def head_scores(engine, recipe: Recipe, args: dict) -> dict:
    """Scores of all heads of the layers from `layer_start` on; `layer_stop` says where to go on."""
    layer_start = args.get("layer_start", 0)
    require_integer("layer_start", layer_start, 0, MAX_LAYER, "layers are counted from 0")
    found = engine.attention.head_scores(recipe, layer_start, integer(args, "n_positions", low=1))
    return {**_plain(found), "scores": {name: pack(getattr(found, name)) for name in SCORES}}


def attention_position(engine, recipe: Recipe, args: dict) -> dict:
    """What `position` attends to in one head and who attends to it, among the first `n_positions`."""
    places = integer(args, "position"), integer(args, "n_positions", low=1)
    found = engine.attention.position(recipe, *_head(args), *places)
    return {
        **_plain(found),
        "row": pack(found.row),
        "column": pack(found.column),
        "attends_to": _weights(found.attends_to),
        "attended_by": _weights(found.attended_by),
    }


def prefill_checks(engine, recipe: Recipe, args: dict) -> dict:
    """This run's numbers for one head against a second forward pass: about a second of work."""
    found = engine.attention.check_run(recipe, *_head(args), so_far(args))
    checks = [check_payload(check) for check in found.checks]
    return {**_plain(found), "checks": checks, "skipped": list(found.skipped)}


def kv_cache(engine, recipe: Recipe, args: dict) -> dict:
    """What the KV cache of the run holds, layer by layer."""
    return asdict(engine.cache.contents(recipe, so_far(args)))


def _head(args: dict) -> tuple[int, int]:
    layer, head = args.get("layer", 0), args.get("head", 0)
    require_integer("layer", layer, 0, MAX_LAYER, "layers are counted from 0")
    require_integer("head", head, 0, MAX_LAYER, "heads are counted from 0")
    return layer, head


def _weights(weights: Weights) -> dict:
    return {
        "positions": weights.positions.tolist(),
        "weights": [float(f"{weight:.{DIGITS}g}") for weight in weights.weights.tolist()],
        "total": weights.total,
    }


def _plain(record) -> dict:
    """The fields of a record that JSON knows."""
    values = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}


VIEWS = {
    "attention_tile": attention_tile,
    "attention_overview": attention_overview,
    "head_scores": head_scores,
    "attention_position": attention_position,
    "prefill_checks": prefill_checks,
    "kv_cache": kv_cache,
}
