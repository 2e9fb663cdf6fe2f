"""One head step by step, and its checks."""

from dataclasses import fields, is_dataclass

import numpy as np

from model.request.recipe import Recipe
from viz.wire.args import integer, optional_integer
from viz.wire.payload import check_payload, pack

MAX_LAYER = 10_000


def one_head(engine, recipe: Recipe, args: dict) -> dict:
    """Every number from q and k to the head's part of attn_out; `key` null takes the largest weight."""
    key = optional_integer(args, "key")
    return record_payload(engine.attention.one_head(recipe, *_query(args), key))


def head_checks(engine, recipe: Recipe, args: dict) -> dict:
    """The steps against the model's own, by step: costs one decoding step."""
    found = engine.attention.check_head(recipe, *_query(args), integer(args, "key"))
    checks = [check_payload(check) for check in found.checks]
    return {"checks": dict(zip(found.steps, checks, strict=True)), "seconds": found.seconds}


def record_payload(record) -> dict:
    """A record as a dict of its fields: arrays packed, records within as dicts."""
    return {field.name: _told(getattr(record, field.name)) for field in fields(record)}


def _told(value):
    if is_dataclass(value):
        return record_payload(value)
    return pack(value) if isinstance(value, np.ndarray) else value


def _query(args: dict) -> tuple[int, int, int]:
    layer, head = integer(args, "layer", high=MAX_LAYER), integer(args, "head", high=MAX_LAYER)
    return layer, head, integer(args, "query")


VIEWS = {"one_head": one_head, "head_checks": head_checks}
