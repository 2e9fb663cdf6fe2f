"""One head step by step, and its checks."""

from dataclasses import asdict, fields, is_dataclass

import numpy as np

from model.recipe import Recipe
from model.validate import require_integer
from viz.payload import pack

MAX_POSITION = 1_000_000
MAX_LAYER = 10_000


def one_head(engine, recipe: Recipe, args: dict) -> dict:
    """Every number from q and k to the head's part of attn_out; `key` null takes the largest weight."""
    key = None if args.get("key") is None else _integer(args, "key", MAX_POSITION)
    return record_payload(engine.one_head(recipe, *_query(args), key))


def head_checks(engine, recipe: Recipe, args: dict) -> dict:
    """The steps against the model's own, by step: costs one decoding step."""
    found = engine.head_checks(recipe, *_query(args), _integer(args, "key", MAX_POSITION))
    checks = [{**asdict(check), "passed": check.passed} for check in found.checks]
    return {"checks": dict(zip(found.steps, checks, strict=True)), "seconds": found.seconds}


def record_payload(record) -> dict:
    """A record as a dict of its fields: arrays packed, records within as dicts."""
    return {field.name: _told(getattr(record, field.name)) for field in fields(record)}


def _told(value):
    if is_dataclass(value):
        return record_payload(value)
    return pack(value) if isinstance(value, np.ndarray) else value


def _query(args: dict) -> tuple[int, int, int]:
    layer, head = _integer(args, "layer", MAX_LAYER), _integer(args, "head", MAX_LAYER)
    return layer, head, _integer(args, "query", MAX_POSITION)


def _integer(args: dict, name: str, high: int) -> int:
    value = args.get(name)
    require_integer(name, value, 0, high, "use a number of this run")
    return value


VIEWS = {"one_head": one_head, "head_checks": head_checks}
