"""BertViz's head, model and neuron view of this run, within what a page can carry.

BertViz takes its attention as torch tensors; that is all torch is here for. It takes seconds to import, so it
is imported when somebody first asks for it.
"""

from importlib import resources
from math import isqrt
from typing import TypedDict

from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.stages.attention.bertviz_page import label, neuron_page, offline
from viz.wire.args import integer
from viz.wire.engine import Engine

MAX_TOKENS = 64
MAX_LAYERS = 4
# Bytes for the numbers of a view, and what one of them takes: half of a causal map is zeros, of one byte.
ROOM = 170_000
BYTES_A_WEIGHT, BYTES_AN_ENTRY = 4.5, 7.5
FEWEST_TOKENS = 24
KINDS = ("head", "model", "neuron")


class BertvizAnswer(TypedDict):
    html: str
    layers: list[int]
    start: int
    stop: int
    n_positions: int
    note: str


def bertviz(engine: Engine, recipe: Recipe, args: dict) -> BertvizAnswer:
    """One of BertViz's views as a page for a sandboxed frame, with what was left out of it."""
    kind = args.get("kind")
    if kind not in KINDS:
        raise UserError(f"kind is {kind!r:.40}; it must be one of: {', '.join(KINDS)}.")
    layer, head, position, n_positions = (
        integer(args, name, low=low) for name, low in (("layer", 0), ("head", 0), ("position", 0), ("n_positions", 1))
    )
    card = engine.card()
    require_integer("layer", layer, 0, card.n_layers - 1, "layers are counted from 0")
    require_integer("head", head, 0, card.n_heads - 1, "heads are counted from 0")
    n_layers = min(_layers(card.n_heads), card.n_layers) if kind == "model" else 1
    n = _tokens(kind, card, n_layers)
    stop = min(n_positions, max(n, position + 1))
    start = max(0, stop - n)
    run = engine.snapshot(recipe)
    tokens = [*run.tokens.tokens, *(step.token for step in run.steps)]
    labels = [label(token) for token in tokens[start:stop]]
    if kind == "neuron":
        html, layers, note = _neuron(engine, recipe, (layer, head), (start, stop), labels)
    else:
        first = max(0, min(layer - n_layers // 2, card.n_layers - n_layers))
        window = engine.attention.window(recipe, (first, first + n_layers), start, stop)
        html, layers, note = _drawn(kind, window, layer, head, labels), list(window.layers), ""
    return {"html": html, "layers": layers, "start": start, "stop": stop, "n_positions": n_positions, "note": note}


def _drawn(kind: str, window, layer: int, head: int, labels: list[str]) -> str:
    bertviz, torch = _imported()
    maps = {number: torch.from_numpy(maps)[None] for number, maps in zip(window.layers, window.pattern, strict=True)}
    # BertViz finds a layer by its place in the list.
    attention = [maps.get(number, maps[window.layers[0]]) for number in range(window.layers[-1] + 1)]
    same = {"include_layers": list(window.layers), "html_action": "return", "prettify_tokens": False}
    if kind == "head":
        return offline(bertviz.head_view(attention, labels, heads=[head], layer=layer, **same).data)
    return offline(bertviz.model_view(attention, labels, display_mode="light", **same).data)


def _neuron(engine, recipe: Recipe, place: tuple[int, int], window: tuple[int, int], labels: list[str]):
    """The neuron view of one head: its script, on the run's own queries and keys.

    Keys of a shared key/value head stand in for each of its query heads, as in the model.
    """
    bertviz, _ = _imported()
    found = engine.attention.head_vectors(recipe, *place, *window)
    data = {
        "attn": [[found.pattern.tolist()]],
        "queries": [[found.query.tolist()]],
        "keys": [[found.key.tolist()]],
        "left_text": labels,
        "right_text": labels,
    }
    parameters = {
        "attention": {"all": data},
        "default_filter": "all",
        "root_div_id": "bertviz",
        "bidirectional": False,
        "display_mode": "light",
        "layer": 0,
        "head": 0,
    }
    script = resources.files(bertviz).joinpath("neuron_view.js").read_text(encoding="utf-8")
    title = f"Layer {place[0]}, head {place[1]}. Point at a token, and press its + to see q and k."
    same = abs(found.scaling * found.query.shape[1] ** 0.5 - 1) < 1e-6
    return neuron_page(script, parameters, title), [place[0]], "" if same else f"{found.scaling:.4g}"


def _imported():
    try:
        import bertviz
        import torch
    except ImportError as error:
        raise UserError(f"BertViz could not be loaded ({error}). Install it: pip install bertviz.") from None
    return bertviz, torch


def _layers(n_heads: int) -> int:
    """As many layers as leave room for a few tokens."""
    fits = ROOM // (BYTES_A_WEIGHT * n_heads * FEWEST_TOKENS**2)
    return int(max(1, min(MAX_LAYERS, fits)))


def _tokens(kind: str, card, n_layers: int) -> int:
    """How many tokens a view has room for, 64 at most."""
    if kind == "neuron":
        return min(MAX_TOKENS, int(ROOM // (2 * BYTES_AN_ENTRY * max(card.d_head, 1))))
    return min(MAX_TOKENS, isqrt(int(ROOM / (BYTES_A_WEIGHT * card.n_heads * n_layers))))


VIEWS = {"bertviz": bertviz}
