"""What if: one case by formula, with what can be chosen. Bytes, seconds."""

from model.records.estimate import WhatIf
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_field
from viz.wire.args import given, integer
from viz.wire.engine import Engine
from viz.wire.plain import Plain, plain

BITS, CACHE_BITS = (4, 8, 16, 32), (8, 16, 32)
MOST_TOKENS, MOST_USERS = 1_000_000, 100_000


def whatif(engine: Engine, recipe: Recipe, args: dict) -> Plain[WhatIf]:
    """The estimate for `machine` and `model` (places in the lists), bits, and `n_prompt`, `n_context`, `n_users`."""
    bits, cache_bits = _one_of(args, "weight_bits", BITS), _one_of(args, "cache_bits", CACHE_BITS)
    sizes = given(args, "n_prompt"), given(args, "n_context"), given(args, "n_users")
    require_field("Prompt tokens", sizes[0], 1, MOST_TOKENS, "one prompt has so many")
    require_field("Tokens in each KV cache", sizes[1], 1, MOST_TOKENS, "prompt and answer of one user")
    require_field("Users at once", sizes[2], 1, MOST_USERS, "each has a KV cache of their own")
    return plain(
        engine.latency.what_if(recipe, integer(args, "machine"), integer(args, "model"), bits, sizes, cache_bits)
    )


def _one_of(args: dict, name: str, choices: tuple[int, ...]) -> int:
    value = args.get(name, 16)
    if type(value) is not int or value not in choices:
        raise UserError(f"{name} is {value!r:.20}; it must be one of: {', '.join(map(str, choices))}.")
    return value


VIEWS = {"whatif": whatif}
