"""Speculative decoding: a draft proposes, the target verifies all proposals in one forward pass.

Leviathan et al. 2023, algorithm 1. After each round, plain decoding generates as many tokens, as the reference for the
speed-up at the same time and on the same machine.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from model.decode.draw import draw, uniform
from model.network.cut_cache import can_be_cut
from model.network.forward import layer_progress, new_cache
from model.network.language_model import LanguageModel
from model.network.sequence import CachedSequence
from model.records.progress import Progress
from model.records.run import Tokens
from model.records.speculative import Round, Speculation
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from model.runtime.progress import with_progress
from model.speculative.check_rounds import rounds_checks
from model.speculative.drafts import Draft
from model.speculative.round import GREEDY, one_round, target_distribution
from model.speculative.shown import round_record
from model.speculative.totals import totals
from model.tokens.describe import describe_token
from model.tokens.detokenize import text_of_ids


def speculate(
    lm: LanguageModel, recipe: Recipe, tokens: Tokens, draft: Draft, speculation: Speculation, budget: Budget
) -> Iterator[Progress | Speculation]:
    """Decodes the `n_tokens` of `speculation`, which has no rounds yet; yields all rounds so far after each round.

    Ends at an end token or a stop string, when the context is full, or when the budget is spent. Raises UserError for
    a model whose KV cache cannot be cut back.
    """
    settings, n_prompt = recipe.sampling, len(tokens)
    forced = {n_prompt + index: token_id for index, token_id in recipe.forced}
    started = time.perf_counter()
    target = yield from with_progress(lambda report: _prefill(lm, tokens, report))
    plain, target_ready = target.again(), time.perf_counter()
    yield Progress("Prefill of the draft", 0, 1)
    draft_started = time.perf_counter()
    draft.propose(target.ids, 1)  # its own prefill, before any round is timed
    draft_ready = time.perf_counter()
    speculation = replace(
        speculation, prefill_seconds=target_ready - started, draft_prefill_seconds=draft_ready - draft_started
    )
    while not speculation.ended:
        n_left = min(speculation.n_tokens - len(speculation.tokens), _room(lm, target))
        verdict = one_round(target, draft, settings, n_prompt, min(speculation.n_draft, n_left - 1), forced)
        new_ids, ended = _until_end(lm, recipe, speculation, tokens, verdict.new_ids)
        plain_seconds, gap = _plain(plain, settings, n_prompt, target.ids[: verdict.start + len(new_ids)], forced)
        round_ = round_record(lm, verdict, settings, len(new_ids), plain_seconds)
        speculation = _with_round(lm, speculation, tokens, round_, new_ids, plain.ids[n_prompt:], gap)
        is_late = not budget.allows(round_.draft_seconds + round_.verify_seconds + plain_seconds)
        ended = ended or _ended(lm, speculation, target) or ("time" if is_late else "")
        rule_error = max(speculation.rule_error, verdict.rule_error)
        checks = rounds_checks(speculation.rounds, rule_error)
        speculation = replace(speculation, ended=ended, rule_error=rule_error, checks=checks)
        yield Progress("Speculative decoding: token", len(speculation.tokens), speculation.n_tokens)
        yield speculation


def _prefill(lm: LanguageModel, tokens: Tokens, report: Callable[[Progress], None]) -> CachedSequence:
    """The target's prefill, shared by both ways of decoding. Raises UserError if the cache cannot be cut back."""
    if not can_be_cut(new_cache(lm)):
        raise UserError("This model's KV cache cannot be cut back after a rejection, so it cannot verify drafts.")
    with layer_progress(lm, lambda done, n: report(Progress("Prefill of the target: layer", done, n))):
        return CachedSequence(lm, tokens.ids)


def _plain(
    plain: CachedSequence, settings: SamplingSettings, n_prompt: int, other_ids: list[int], forced: Mapping[int, int]
) -> tuple[float, float | None]:
    """Decodes plainly up to the length of `other_ids`: the seconds, and the logit margin at the first other token."""
    started, gap = time.perf_counter(), None
    while len(plain.ids) < len(other_ids):
        logits = plain.forward(plain.ids[-1:], keep=1)[0]
        weights = target_distribution(logits, plain.ids, settings, n_prompt, forced)
        place = len(plain.ids)
        token_id, _ = draw(weights, uniform(settings.seed, place) if settings.do_sample else GREEDY)
        plain.ids.append(token_id)
        if gap is None and plain.ids[place] != other_ids[place]:
            gap = float(logits[plain.ids[place]] - logits[other_ids[place]])
    return time.perf_counter() - started, gap


def _room(lm: LanguageModel, target: CachedSequence) -> int:
    """The number of positions left in the context."""
    return (lm.card.context or 10**9) - len(target.ids)


def _until_end(
    lm: LanguageModel, recipe: Recipe, speculation: Speculation, prompt: Tokens, new_ids: list[int]
) -> tuple[list[int], str]:
    """Cuts the new ids after an end token or a stop string, even if the draft continued; also returns the reason."""
    before = [token.id for token in speculation.tokens]
    for n, token_id in enumerate(new_ids, start=1):
        if token_id in lm.card.eos_token_ids:
            return new_ids[:n], "eos"
        if recipe.stop and any(
            end in text_of_ids(lm.vocabulary, before + new_ids[:n], prompt.ids) for end in recipe.stop
        ):
            return new_ids[:n], "stop"
    return new_ids, ""


def _ended(lm: LanguageModel, speculation: Speculation, target: CachedSequence) -> str:
    if len(speculation.tokens) >= speculation.n_tokens:
        return "limit"
    return "context" if _room(lm, target) < 1 else ""


def _with_round(
    lm: LanguageModel,
    speculation: Speculation,
    prompt: Tokens,
    round_: Round,
    new_ids: list[int],
    plain_ids: list[int],
    gap: float | None,
) -> Speculation:
    sampled, start = speculation.sampled, len(prompt) + len(speculation.tokens)
    new_tokens = tuple(describe_token(lm.vocabulary, token_id, start + i) for i, token_id in enumerate(new_ids))
    tokens, rounds = speculation.tokens + new_tokens, (*speculation.rounds, round_)
    ids = [token.id for token in tokens]
    differs = next((i for i, (a, b) in enumerate(zip(ids, plain_ids, strict=True)) if a != b), None)
    return replace(
        speculation,
        tokens=tokens,
        rounds=rounds,
        equal=None if sampled else differs is None,
        first_different=None if sampled else differs,
        logit_gap=speculation.logit_gap if speculation.logit_gap is not None else (None if sampled else gap),
        text=text_of_ids(lm.vocabulary, ids, prompt.ids),
        totals=totals(rounds, len(tokens)),
    )
