"""The Layers stage: logit lens, residual stream, attribution of a logit, and the MLP's neurons."""

from dataclasses import replace
from typing import TypedDict

import numpy as np

from model.records.layers import Attribution, Neuron, Neurons, ResidualStream, WindowNote
from model.records.run import Check, Token
from model.request.recipe import Recipe
from viz.wire.args import integer, optional_integer, so_far
from viz.wire.engine import Engine
from viz.wire.plain import Packed, Plain, PlainWith, pack, plain, plain_with

MOST = 1_000_000_000
DIGITS = 7
# Up to this many numbers the vectors of a position travel as float32, more as float16.
EXACT_NUMBERS = 20_000


class LensAnswer(TypedDict):
    """The lens's tokens are in `texts`, `partial` (bytes of those that are part of a character) and `special`."""

    row_start: int
    row_stop: int
    n_rows: int
    top_ids: Packed
    top_probability: Packed
    entropy: Packed
    target: Packed
    target_probability: Packed
    target_rank: Packed
    vocabulary: int
    note: Plain[WindowNote]
    checks: list[Plain[Check]]
    texts: dict[int, str]
    partial: dict[int, list[int]]
    special: list[int]


class ShownToken(TypedDict):
    """A token without a place in the sequence. `bytes` only of one that is part of a character."""

    id: int
    text: str
    partial: bool
    bytes: list[int]
    special: bool


class MovedToken(ShownToken):
    by: float


class AttributionAnswer(TypedDict):
    token: ShownToken
    against: ShownToken | None
    candidates: list[ShownToken]


class NeuronAnswer(TypedDict):
    index: int
    activation: float
    gate: float | None
    up: float | None
    direction: float
    effect: float
    promotes: list[MovedToken]
    suppresses: list[MovedToken]


class NeuronsAnswer(TypedDict):
    token: ShownToken
    neurons: list[NeuronAnswer]


def layers_lens(engine: Engine, recipe: Recipe, args: dict) -> LensAnswer:
    """The lens on the positions around `position`, from `row_start` on; `row_stop` says where to go on."""
    found = engine.layers.lens(recipe, integer(args, "position"), integer(args, "row_start", 0), so_far(args))
    texts = {token.id: token for token in found.tokens}
    return {
        "row_start": found.row_start,
        "row_stop": found.row_stop,
        "n_rows": found.n_rows,
        "top_ids": pack(found.top_ids),
        "top_probability": pack(found.top_probability),
        "entropy": pack(found.entropy),
        "target": pack(found.target),
        "target_probability": pack(found.target_probability),
        "target_rank": pack(found.target_rank),
        "vocabulary": found.vocabulary,
        "note": plain(found.note),
        "checks": [plain(check) for check in found.checks],
        "texts": {token_id: token.text for token_id, token in texts.items()},
        # Only what is part of a character needs its bytes to be shown.
        "partial": {token_id: list(token.bytes) for token_id, token in texts.items() if token.partial},
        "special": [token_id for token_id, token in texts.items() if token.special],
    }


def layers_residual(engine: Engine, recipe: Recipe, args: dict) -> Plain[ResidualStream]:
    """The residual stream of `position`; the vectors of `layer`."""
    found = engine.layers.residual(recipe, integer(args, "position"), integer(args, "layer"), so_far(args))
    large = found.vectors.size > EXACT_NUMBERS
    return plain(replace(found, vectors=found.vectors.astype(np.float16)) if large else found)


def layers_attribution(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[Attribution, AttributionAnswer]:
    """What each part adds to the logit of `token` at `position`, less that of `against`."""
    asked = integer(args, "position"), optional_integer(args, "token"), optional_integer(args, "against")
    found = engine.layers.attribution(recipe, *asked, so_far(args))
    tokens: AttributionAnswer = {
        "token": _token(found.token),
        "against": found.against and _token(found.against),
        "candidates": [_token(token) for token in found.candidates],
    }
    return plain_with(found, tokens)


def layers_neurons(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[Neurons, NeuronsAnswer]:
    """The `k` neurons of `layer` that write most at `position`; their effect on the logit of `token`."""
    asked = integer(args, "layer"), integer(args, "position"), integer(args, "k", 10)
    found = engine.layers.neurons(recipe, *asked, optional_integer(args, "token"), so_far(args))
    neurons = [_neuron(neuron) for neuron in found.neurons]
    return plain_with(found, NeuronsAnswer(token=_token(found.token), neurons=neurons))


def _neuron(neuron: Neuron) -> NeuronAnswer:
    return {
        "index": neuron.index,
        "activation": neuron.activation,
        "gate": neuron.gate,
        "up": neuron.up,
        "direction": neuron.direction,
        "effect": neuron.effect,
        "promotes": _moved(neuron.promotes, neuron.promoted_by),
        "suppresses": _moved(neuron.suppresses, neuron.suppressed_by),
    }


def _moved(tokens: tuple[Token, ...], by: np.ndarray) -> list[MovedToken]:
    amounts = [float(f"{value:.{DIGITS}g}") for value in by.tolist()]
    return [{**_token(token), "by": amount} for token, amount in zip(tokens, amounts, strict=True)]


def _token(token: Token) -> ShownToken:
    return {
        "id": token.id,
        "text": token.text,
        "partial": token.partial,
        "bytes": list(token.bytes) if token.partial else [],
        "special": token.special,
    }


VIEWS = {
    "layers_lens": layers_lens,
    "layers_residual": layers_residual,
    "layers_attribution": layers_attribution,
    "layers_neurons": layers_neurons,
}
