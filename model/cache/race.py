"""Decodes one prompt twice, alternating step by step: with the KV cache, and with a pass over all positions each time.

Both select from the same ids with the same draws; the answer continues with the token selected with the cache. Forced
tokens are ignored: they would be the same on both sides, whatever the passes compute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from transformers import Cache

from model.cache.costs import costs_of
from model.decode.finish import stop_reason, text_of_steps
from model.decode.select import select
from model.network.forward import cache_argument, new_cache
from model.network.language_model import LanguageModel
from model.records.kv import Race, RaceStep
from model.records.progress import Progress
from model.records.run import Run, Tokens
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.budget import Budget
from model.runtime.timing import now


@torch.inference_mode()
def pass_over(lm: LanguageModel, ids: Sequence[int], cache: Cache | None) -> tuple[Tensor, float]:
    """Forwards `ids` after those in the cache, if any: the logits (vocab,) of the last one, and the seconds it took."""
    input_ids = torch.tensor([list(ids)], device=lm.device)
    with lm.lock:
        started = now(lm.device)
        out = lm.model(input_ids, **cache_argument(lm, cache), use_cache=cache is not None, logits_to_keep=1)
        seconds = now(lm.device) - started
    return out.logits[0, -1].float().cpu(), seconds


def cache_race(
    lm: LanguageModel, recipe: Recipe, tokens: Tokens, n_tokens: int, budget: Budget
) -> Iterator[Progress | Race]:
    """Decodes up to `n_tokens` with and without the cache, and yields the race so far after each token.

    Ends for the recipe's own stop reason, at `n_tokens`, or when the budget is spent. Raises UserError for a model
    without a cache.
    """
    cache = new_cache(lm)
    run = Run(replace(recipe, max_new_tokens=n_tokens, forced=()), tokens)
    race = Race(len(tokens), n_tokens, (), "", 0)
    ids, n_cached = list(tokens.ids), 0
    yield Progress("Decoding both ways: token", 0, n_tokens)
    while not race.ended:
        logits, cached_seconds = pass_over(lm, ids[n_cached:], cache)
        costs = costs_of(lm, cache)
        if not costs.layers:
            raise UserError("This model keeps no keys and values, so there is no cache to race against.")
        n_new, n_cached = len(ids) - n_cached, len(ids)
        # A chance to stop between two passes that may both be long.
        yield Progress("Decoding both ways: token", len(race.steps) + 1, n_tokens)
        full_logits, full_seconds = pass_over(lm, ids, None)
        step, other = select(lm, run, logits, 0.0), select(lm, run, full_logits, 0.0)
        race_step = RaceStep(
            token=step.token,
            equal=step.token.id == other.token.id,
            max_error=float((logits - full_logits).abs().max()),
            largest_logit=float(full_logits.abs().max()),
            cached_seconds=cached_seconds,
            full_seconds=full_seconds,
            cached=costs.cached(n_new, n_cached),
            full=costs.full(n_cached),
        )
        run = replace(run, steps=(*run.steps, step))
        ids.append(step.token.id)
        is_late = not budget.allows(full_seconds)
        race = _with_step(race, race_step, run, cache, stop_reason(lm, run).kind or ("time" if is_late else ""))
        yield race


def _with_step(race: Race, step: RaceStep, run: Run, cache: Cache, ended: str) -> Race:
    steps = (*race.steps, step)
    return replace(race, steps=steps, text=text_of_steps(run.steps), cache_bytes=tensor_bytes(cache), ended=ended)


def tensor_bytes(cache: Cache) -> int:
    """Size in bytes of all tensors in a cache, in full precision or quantised."""
    return sum(sum(t.nbytes for t in _tensors(layer)) for layer in cache.layers)


def _tensors(layer) -> list[Tensor]:
    names = ("keys", "values", "_quantized_keys", "_quantized_values")
    items = [getattr(layer, name, None) for name in names]
    # A quantised entry is a pair: the numbers and their scale.
    return [t for item in items for t in (item if isinstance(item, tuple) else (item,)) if torch.is_tensor(t)]
