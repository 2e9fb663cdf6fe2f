"""What if: one case by formula, with what can be chosen. Bytes, seconds."""

from dataclasses import asdict

from model.errors import UserError
from model.recipe import Recipe
from viz.args import integer

BITS = (4, 8, 16, 32)
MOST_TOKENS, MOST_USERS = 1_000_000, 100_000


def whatif(engine, recipe: Recipe, args: dict) -> dict:
    """The estimate for `machine`, `model` (places in the lists), `weight_bits`, `n_prompt`, `n_context`, `n_users`."""
    bits = args.get("weight_bits", 16)
    if bits not in BITS:
        raise UserError(f"weight_bits is {bits!r:.20}; it must be one of: {', '.join(map(str, BITS))}.")
    sizes = (
        integer(args, "n_prompt", low=1, high=MOST_TOKENS),
        integer(args, "n_context", low=1, high=MOST_TOKENS),
        integer(args, "n_users", low=1, high=MOST_USERS),
    )
    return asdict(engine.what_if(recipe, integer(args, "machine"), integer(args, "model"), bits, sizes))


VIEWS = {"whatif": whatif}
