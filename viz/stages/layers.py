"""The Layers stage: logit lens, residual stream, attribution of a logit, and the MLP's neurons."""

from dataclasses import asdict

import numpy as np

from model.records.layers import Neuron
from model.records.run import Token
from model.request.recipe import Recipe
from viz.wire.args import integer, optional_integer, so_far
from viz.wire.payload import check_payload, pack

MOST = 1_000_000_000
DIGITS = 7


def layers_lens(engine, recipe: Recipe, args: dict) -> dict:
    """The lens on the positions around `position`, from `row_start` on; `row_stop` says where to go on."""
    found = engine.layers.lens(recipe, integer(args, "position"), integer(args, "row_start", 0), so_far(args))
    texts = {token.id: token for token in found.tokens}
    return {
        **_packed(found),
        "texts": {token_id: token.text for token_id, token in texts.items()},
        # Only what is part of a character needs its bytes to be shown.
        "partial": {token_id: list(token.bytes) for token_id, token in texts.items() if token.partial},
        "special": [token_id for token_id, token in texts.items() if token.special],
    }


def layers_residual(engine, recipe: Recipe, args: dict) -> dict:
    """The residual stream of `position`; the vectors of `layer`."""
    found = engine.layers.residual(recipe, integer(args, "position"), integer(args, "layer"), so_far(args))
    vectors = found.vectors.astype(np.float16) if found.vectors.size > 20_000 else found.vectors
    return {**_packed(found), "vectors_of": list(found.vectors_of), "vectors": pack(vectors)}


def layers_attribution(engine, recipe: Recipe, args: dict) -> dict:
    """What each part adds to the logit of `token` at `position`, less that of `against`."""
    asked = integer(args, "position"), optional_integer(args, "token"), optional_integer(args, "against")
    found = engine.layers.attribution(recipe, *asked, so_far(args))
    return {
        **_packed(found),
        "token": _token(found.token),
        "against": found.against and _token(found.against),
        "softcap": found.softcap,
        "candidates": [_token(token) for token in found.candidates],
        "largest": [asdict(share) for share in found.largest],
    }


def layers_neurons(engine, recipe: Recipe, args: dict) -> dict:
    """The `k` neurons of `layer` that write most at `position`; their effect on the logit of `token`."""
    asked = integer(args, "layer"), integer(args, "position"), integer(args, "k", 10)
    found = engine.layers.neurons(recipe, *asked, optional_integer(args, "token"), so_far(args))
    return {
        **_packed(found),
        "token": _token(found.token),
        "neurons": [_neuron(neuron) for neuron in found.neurons],
    }


def _neuron(neuron: Neuron) -> dict:
    numbers = ("index", "activation", "gate", "up", "direction", "effect")
    return {
        **{name: getattr(neuron, name) for name in numbers},
        "promotes": _moved(neuron.promotes, neuron.promoted_by),
        "suppresses": _moved(neuron.suppresses, neuron.suppressed_by),
    }


def _moved(tokens: tuple[Token, ...], by: np.ndarray) -> list[dict]:
    amounts = [float(f"{value:.{DIGITS}g}") for value in by.tolist()]
    return [{**_token(token), "by": amount} for token, amount in zip(tokens, amounts, strict=True)]


def _token(token: Token) -> dict:
    return {
        "id": token.id,
        "text": token.text,
        "partial": token.partial,
        "bytes": list(token.bytes) if token.partial else [],
        "special": token.special,
    }


def _packed(record) -> dict:
    """The plain fields of a record, its arrays packed, its note and its checks."""
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    arrays = {k: pack(v) for k, v in fields.items() if isinstance(v, np.ndarray)}
    plain = {k: v for k, v in fields.items() if isinstance(v, bool | int | float | str)}
    return {**plain, **arrays, "note": asdict(record.note), "checks": [check_payload(check) for check in record.checks]}


VIEWS = {
    "layers_lens": layers_lens,
    "layers_residual": layers_residual,
    "layers_attribution": layers_attribution,
    "layers_neurons": layers_neurons,
}
