"""Takes one family through all stages: load, self-check, tokenize, prefill, maps, one head, lens, decode, batching.

Each stage is run by the page's own calls, and compared with a second instance of the model with the same weights and
plain eager attention, in one pass without a cache. A stage is on, off with a reason, or wrong.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from model.attention.find_output import output_of
from model.attention.maps import captured_layer
from model.capture.pattern import pattern_rows
from model.engine.core import LocalEngine
from model.loading.check_model import CACHED, MAPS, PREFIX
from model.loading.load import assemble
from model.records.batching import BatchingRun, Request
from model.records.run import Run
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.present import present
from tests.sweep_pair import Plain, pair
from tests.sweep_views import faults, last_of, said

PROMPT, N_NEW = "the quick brown fox jumps over the lazy dog and naïve singers", 6
REQUESTS = (Request("the lazy dog", 3, 0.0), Request("the quick brown fox jumps over", 5, 0.0))
MAP_ERROR, LOGIT_ERROR = 1e-4, 1e-3
ON, OFF, WRONG = "on", "off", "wrong"


@dataclass
class Stage:
    """The result of a stage: on, off or wrong; the error of the independent check; the reason or the failure."""

    state: str = OFF
    error: float = math.nan
    why: str = ""


@dataclass
class Family:
    """The results of the sweep for one family. `faults`: views that failed with something other than a reason."""

    name: str
    built: str = ""
    stages: dict[str, Stage] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    how: str = ""


STAGES = ("load", "maps", "head", "lens", "residual", "decode", "static", "continuous")


def walk(family: str, tokenizer) -> Family:
    """Runs all stages of a family. Nothing is raised: failures are in the record."""
    found = Family(family, stages={name: Stage() for name in STAGES})
    try:
        model, plain = pair(family, len(tokenizer))
    except Exception as error:
        found.built = said(error)
        return found
    lm = _stage(found, "load", lambda: assemble(model, tokenizer, f"tiny {family}"))
    if lm is None:
        return found
    engine, recipe = LocalEngine(lm), Recipe(PROMPT, max_new_tokens=N_NEW)
    found.how = "layer by layer" if lm.card.streamed_maps else lm.model.config.get_text_config()._attn_implementation
    run = _stage(found, "decode", lambda: last_of(engine.run(recipe)))
    if run is None:
        return found
    try:
        theirs = Plain(plain, engine.trace(recipe).fed_ids)
    except Exception as error:
        found.stages["decode"] = Stage(WRONG, why=f"the second instance failed: {said(error)}")
        return found
    _judge(found, "decode", lambda: _decode_error(engine, recipe, run, theirs), LOGIT_ERROR)
    cached = next((c for c in lm.card.checks if c.name in (CACHED, PREFIX)), None)
    found.stages["load"] = Stage(ON if cached and cached.passed else WRONG, cached.error if cached else math.nan)
    _judge(found, "maps", lambda: _map_error(engine, recipe, theirs), MAP_ERROR)
    _judge(found, "head", lambda: head_error(engine, recipe, theirs), LOGIT_ERROR)
    _judge(found, "lens", lambda: _lens_error(engine, recipe, theirs), LOGIT_ERROR)
    _judge(found, "residual", lambda: _residual_error(engine, recipe, theirs), 1.0)
    # This is a share of the tolerance, not a distance like the others.
    found.stages["residual"].error = math.nan
    _batching(found, engine, theirs)
    found.faults = list(faults(engine, recipe))
    return found


def _decode_error(engine: LocalEngine, recipe: Recipe, run: Run, theirs: Plain) -> float:
    """The largest error of the run's logits compared with one pass, relative to the largest; greedy ids are equal."""
    logits = torch.stack(engine.trace(recipe).logits)
    first = len(run.tokens) - 1
    full = theirs.logits[first : first + len(logits)]
    top = full.argmax(-1).tolist()[: len(run.steps)]
    gaps = full.max(-1).values - full.gather(-1, torch.tensor([[s.token.id] for s in run.steps])[: len(full)])[:, 0]
    assert all(a == s.token.id for a, s in zip(top, run.steps, strict=False)) or gaps.max() < 1e-4, "other tokens"
    return float((logits - full).abs().max() / full.abs().max())


def _map_error(engine: LocalEngine, recipe: Recipe, theirs: Plain) -> float:
    """The largest error of any weight of any head compared with the model's own; uses the calls of the page."""
    lm, capture_ = engine.lm, engine.trace(recipe).capture
    check = next((c for c in lm.card.checks if c.name == MAPS), None)
    layers = range(lm.card.n_layers) if lm.card.streamed_maps else range(max(len(capture_.layers), 1))
    ours = []
    for layer in layers:
        if not lm.card.streamed_maps and layer < len(capture_.layers) and not capture_.layers[layer].chunks:
            continue
        ours.append(pattern_rows(_captured(engine, recipe, layer), 0, theirs.n, theirs.n))
    assert check is not None
    assert check.passed
    return _maps_apart(ours, theirs.maps)


def head_error(engine: LocalEngine, recipe: Recipe, theirs: Plain) -> float:
    """The largest error of one head's steps in any attention layer, relative to the largest entry it belongs to.

    Compared with what enters and leaves W_O in the eager instance, for the first and the last head at one position.
    Raises UserError with the reason if the heads of any layer have no parts.
    """
    lm, capture_ = engine.lm, engine.trace(recipe).capture
    captured_layer(lm, capture_, next((i for i, x in enumerate(capture_.layers) if x.chunks), 0), 0)
    names, query, worst = {m: name for name, m in lm.model.named_modules()}, theirs.n - 3, 0.0
    for layer, captured in enumerate(capture_.layers):
        if not captured.chunks:
            continue
        reason = output_of(lm, layer).reason
        if reason:
            raise UserError(f"The heads of layer {layer} have no parts: {reason}.")
        entry, output = theirs.through(names[present(output_of(lm, layer).projection).module])
        for head in (0, captured.n_heads - 1):
            one = engine.attention.one_head(recipe, layer, head, query)
            part = present(one.output)
            checks = engine.attention.check_head(recipe, layer, head, query, one.key).checks
            assert all(check.passed for check in checks), [check for check in checks if not check.passed]
            own = entry[query].unflatten(-1, (captured.n_heads, -1))[head]
            assert part.changed or (part.entry == one.mix.z).all()
            worst = max(worst, apart(part.entry, own, entry[query]), apart(part.w_o_out, output[query], output[query]))
    return worst


def apart(ours, own: Tensor, among: Tensor) -> float:
    """The largest difference of two vectors, relative to the largest entry among which they stand."""
    return float((torch.from_numpy(ours) - own).abs().max() / among.abs().max())


def _captured(engine: LocalEngine, recipe: Recipe, layer: int):
    return captured_layer(engine.lm, engine.attention.maps(recipe, layer), layer, 0)


def _maps_apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    assert theirs, "the model gives no maps of its own to compare with"
    assert len(ours) == len(theirs), f"{len(ours)} layers of maps here, {len(theirs)} from the model itself"
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))


def _lens_error(engine: LocalEngine, recipe: Recipe, theirs: Plain) -> float:
    """Compares the lens's last row with the softmax of the eager instance's logits, at the last positions."""
    tile = engine.layers.lens(recipe, theirs.n - 1, 0)
    while tile.row_stop < tile.n_rows:
        tile = engine.layers.lens(recipe, theirs.n - 1, tile.row_stop)
    note = tile.note
    probability = theirs.logits.softmax(-1)[note.start : note.stop]
    top = torch.from_numpy(tile.top_ids[-1]).long()
    shown = torch.from_numpy(tile.top_probability[-1])
    return float((probability.gather(-1, top) - shown).abs().max() / shown.max())


def _residual_error(engine: LocalEngine, recipe: Recipe, theirs: Plain) -> float:
    """The page's own checks of the stream: the largest error relative to its tolerance."""
    stream = engine.layers.residual(recipe, theirs.n - 1, 0)
    return max(check.error / check.tolerance for check in stream.checks)


def _batching(found: Family, engine: LocalEngine, theirs: Plain) -> None:
    """Checks that each request of a batch gets the tokens that the second instance generates for it alone."""
    try:
        results = [item for item in engine.batching.serve_both(Recipe("x"), REQUESTS) if isinstance(item, BatchingRun)]
    except Exception as error:
        found.stages["static"] = _off(error)
        found.stages["continuous"] = Stage(OFF, why="static batching comes first")
        return
    prompts = [list(engine.tokenize(Recipe(request.prompt)).ids) for request in REQUESTS]
    ends = engine.lm.card.eos_token_ids
    alone = [theirs.greedy(ids, one.max_new_tokens, ends) for ids, one in zip(prompts, REQUESTS, strict=True)]
    for name in ("static", "continuous"):
        way = getattr(results[-1], name)
        if way is None:
            found.stages[name] = Stage(OFF, why=results[-1].reason)
            continue
        same = [[token.id for token in one.tokens] for one in way.served] == alone
        claimed = all(one.equal for one in way.served)
        found.stages[name] = Stage(ON) if same else Stage(WRONG, why=f"other tokens than alone; said equal: {claimed}")


def _stage(found: Family, name: str, work: Callable):
    try:
        result = work()
    except Exception as error:
        found.stages[name] = _off(error)
        return None
    found.stages[name] = Stage(ON)
    return result


def _judge(found: Family, name: str, measure: Callable[[], float], allowed: float) -> None:
    try:
        error = measure()
    except Exception as problem:
        found.stages[name] = _off(problem)
        return
    found.stages[name] = Stage(ON if error <= allowed else WRONG, error, "" if error <= allowed else "off by this much")


def _off(error: Exception) -> Stage:
    """Off for a UserError of the page, which has a reason; any other error is wrong."""
    return Stage(OFF if isinstance(error, UserError) else WRONG, why=said(error))
