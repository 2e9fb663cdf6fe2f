"""Speculative decoding: a draft proposes, the target verifies all proposals in one forward pass.

Leviathan et al. 2023, algorithm 1. Beside each round, plain decoding makes as many tokens: what the speed-up is
measured against, at the same time and on the same machine.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from model.decode.sampling import uniform
from model.network.cut_cache import can_be_cut
from model.network.forward import layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.network.sequence import Decoding
from model.records.run import Tokens
from model.records.speculative import Round, Speculation
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from model.runtime.progress import Progress, with_progress
from model.speculative.accept import draw
from model.speculative.drafts import Draft
from model.speculative.round import one_round, wanted
from model.speculative.shown import record
from model.speculative.totals import totals
from model.tokens.describe import describe
from model.tokens.detokenize import decode


def speculate(
    lm: LanguageModel, recipe: Recipe, tokens: Tokens, draft: Draft, found: Speculation, budget: Budget
) -> Iterator[Progress | Speculation]:
    """Goes on from `found`, which holds no round yet, to its `n_tokens`: yields all rounds so far after each.

    Ends at an end token, when the context is full or the budget spent. Raises UserError for a model whose KV cache
    cannot be cut back.
    """
    settings, n_prompt = recipe.sampling, len(tokens)
    forced = {n_prompt + index: token_id for index, token_id in recipe.forced}
    started = time.perf_counter()
    target = yield from with_progress(lambda report: _prefill(lm, tokens, report))
    plain, read = target.again(), time.perf_counter()
    yield Progress("Prefill of the draft", 0, 1)
    drafting = time.perf_counter()
    draft.propose(target.ids, 1)  # its own prefill, before any round is timed
    ready = time.perf_counter()
    found = replace(found, prefill_seconds=read - started, draft_prefill_seconds=ready - drafting)
    while not found.ended:
        left = min(found.n_tokens - len(found.tokens), _room(lm, target))
        verdict = one_round(target, draft, settings, n_prompt, min(found.n_draft, left - 1), forced)
        made, ended = _until_end(lm, recipe, found, tokens, verdict.made)
        plain_seconds, gap = _plain(plain, settings, n_prompt, target.ids[: verdict.start + len(made)], forced)
        round_ = record(lm, verdict, settings, len(made), plain_seconds)
        found = _with_round(lm, found, tokens, round_, made, plain.ids[n_prompt:], gap)
        late = not budget.allows(round_.draft_seconds + round_.verify_seconds + plain_seconds)
        ended = ended or _ended(lm, found, target) or ("time" if late else "")
        found = replace(found, ended=ended, rule_error=max(found.rule_error, verdict.rule_error))
        yield Progress("Speculative decoding: token", len(found.tokens), found.n_tokens)
        yield found


def _prefill(lm: LanguageModel, tokens: Tokens, report: Callable[[Progress], None]) -> Decoding:
    """The prompt read by the target, once for both ways. Raises UserError where the cache cannot be cut back."""
    if not can_be_cut(new_cache(lm)):
        raise UserError("This model's KV cache cannot be cut back after a rejection, so it cannot verify drafts.")
    with layer_progress(lm, lambda done, n: report(Progress("Prefill of the target: layer", done, n))):
        return Decoding(lm, tokens.ids)


def _plain(
    plain: Decoding, settings: SamplingSettings, n_prompt: int, upto: list[int], forced: Mapping[int, int]
) -> tuple[float, float | None]:
    """Plain decoding up to as many tokens as `upto`: the seconds it took, and by how much the first other token won."""
    started, gap = time.perf_counter(), None
    while len(plain.ids) < len(upto):
        logits = plain.forward(plain.ids[-1:], keep=1)[0]
        chosen = wanted(logits, plain.ids, settings, n_prompt, forced)
        place = len(plain.ids)
        plain.ids.append(draw(chosen, uniform(settings.seed, place) if settings.do_sample else 0.5))
        if gap is None and plain.ids[place] != upto[place]:
            gap = float(logits[plain.ids[place]] - logits[upto[place]])
    return time.perf_counter() - started, gap


def _room(lm: LanguageModel, target: Decoding) -> int:
    return (lm.card.context or 10**9) - len(target.ids)


def _until_end(
    lm: LanguageModel, recipe: Recipe, found: Speculation, prompt: Tokens, made: list[int]
) -> tuple[list[int], str]:
    """Nothing stands behind an end token or a stop string, even where the draft went on: what is kept, and why."""
    before = [token.id for token in found.tokens]
    for n, token_id in enumerate(made, start=1):
        if token_id in lm.card.eos_token_ids:
            return made[:n], "eos"
        if recipe.stop and any(end in decode(lm.vocabulary, before + made[:n], prompt.ids) for end in recipe.stop):
            return made[:n], "stop"
    return made, ""


def _ended(lm: LanguageModel, found: Speculation, target: Decoding) -> str:
    if len(found.tokens) >= found.n_tokens:
        return "limit"
    return "context" if _room(lm, target) < 1 else ""


def _with_round(
    lm: LanguageModel,
    found: Speculation,
    prompt: Tokens,
    round_: Round,
    made: list[int],
    plain: list[int],
    gap: float | None,
) -> Speculation:
    start = len(prompt) + len(found.tokens)
    tokens = found.tokens + tuple(describe(lm.vocabulary, token_id, start + i) for i, token_id in enumerate(made))
    rounds = (*found.rounds, round_)
    ids = [token.id for token in tokens]
    differs = next((i for i, (a, b) in enumerate(zip(ids, plain, strict=True)) if a != b), None)
    return replace(
        found,
        tokens=tokens,
        rounds=rounds,
        equal=None if found.sampled else differs is None,
        first_different=None if found.sampled else differs,
        logit_gap=found.logit_gap if found.logit_gap is not None else (None if found.sampled else gap),
        text=decode(lm.vocabulary, ids, prompt.ids),
        totals=totals(rounds, len(tokens)),
    )
