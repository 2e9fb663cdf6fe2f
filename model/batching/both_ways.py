"""Serves requests with static and then with continuous batching, and compares each with the request served alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from model.batching.continuous import serve_continuous
from model.batching.static import ServingLog, serve_static
from model.network.implementation import attention_as
from model.network.language_model import LanguageModel
from model.network.sequence import CachedSequence
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.batching import MAX_PROMPT_TOKENS, MAX_REQUESTS, BatchingResult, BatchingRun, Request, ServedRequest
from model.records.progress import Progress
from model.request.errors import UserError
from model.runtime.budget import Budget
from model.runtime.progress import with_progress
from model.tokens.describe import describe_token

SERVE = {"static": serve_static, "continuous": serve_continuous}


def check_requests(requests: Sequence[Request], prompts: Sequence[Sequence[int]]) -> None:
    """Raises UserError if there are no requests or too many, or if a prompt is too long."""
    if not 0 < len(requests) <= MAX_REQUESTS:
        raise UserError(
            f"There are {len(requests)} requests; from 1 to {MAX_REQUESTS} can be served here. Add or remove some."
        )
    for place, prompt in enumerate(prompts, start=1):
        if len(prompt) > MAX_PROMPT_TOKENS:
            raise UserError(
                f"The prompt of request {place} has {len(prompt):,} tokens; "
                f"the limit in a batch is {MAX_PROMPT_TOKENS}. Shorten it."
            )


def why_not_continuous(lm: LanguageModel) -> str:
    """Why transformers' continuous batching cannot serve this model; empty if it can be tried."""
    if not hasattr(lm.model, "init_continuous_batching"):
        return "transformers offers no continuous batching for this model"
    if not getattr(lm.model, "_supports_sdpa", False):
        return "continuous batching needs an attention (sdpa) that this family does not have"
    return ""


def serve_both(
    lm: LanguageModel, requests: Sequence[Request], prompts: Sequence[Sequence[int]], budget: Budget
) -> Iterator[Progress | BatchingRun]:
    """Serves the requests statically, then continuously; yields the measurements so far.

    Raises UserError for invalid requests, and for a model that cannot be served in a padded batch.
    """
    check_requests(requests, prompts)
    total = sum(request.max_new_tokens for request in requests)
    alone = []
    for row, (prompt, request) in enumerate(zip(prompts, requests, strict=True)):
        yield Progress("Each request alone", row, len(requests))
        alone.append(_alone(lm, prompt, request.max_new_tokens))
    run = BatchingRun(None, None, why_not_continuous(lm))
    for kind in ("static", "continuous"):
        if kind == "continuous" and (run.reason or not budget.allows()):
            yield run if run.reason else BatchingRun(run.static, None, "the time for one measurement was spent")
            return
        try:
            log = yield from with_progress(_work(lm, kind, prompts, requests, total))
        except Exception as error:  # a family that cannot be batched continuously still shows the static result
            if kind == "static" and isinstance(error, UserError):
                raise
            if kind == "static":
                raise UserError(
                    f"{lm.card.model_id!r} cannot be served in a padded batch ({error!s:.200}), so there is nothing "
                    "to compare. Choose another model."
                ) from error
            failure = f"transformers' continuous batching failed: {error!s:.200}".rstrip(".")
            yield BatchingRun(run.static, None, str(error).rstrip(".") if isinstance(error, UserError) else failure)
            return
        result = batching_result(lm, kind, requests, prompts, log, alone)
        if reason := why_not_shown(lm, result, alone):
            if kind == "static":
                raise UserError(f"Batching is off for {lm.card.model_id!r}: {reason}.")
            yield BatchingRun(run.static, None, reason)
            return
        run = BatchingRun(result, None, run.reason) if kind == "static" else BatchingRun(run.static, result, "")
        yield run


def _work(lm: LanguageModel, kind: str, prompts, requests, total: int) -> Callable:
    def work(report: Callable[[Progress], None]) -> ServingLog:
        with lm.lock, _plain_attention(lm):
            return SERVE[kind](lm, prompts, requests, lambda n: report(Progress(f"Serving ({kind})", n, total)))

    return work


@contextmanager
def _plain_attention(lm: LanguageModel) -> Iterator[None]:
    """Uses transformers' own attention for a batch, and restores the capturing one afterwards, even on error."""
    with attention_as(lm, "sdpa" if getattr(lm.model, "_supports_sdpa", False) else "eager"):
        yield


def _alone(lm: LanguageModel, prompt: Sequence[int], n: int) -> list[tuple[int, Tensor]]:
    """Decodes one request greedily by itself: pairs of id and logits (vocab,)."""
    sequence, steps = CachedSequence(lm, prompt), []
    while len(steps) < n and not (steps and steps[-1][0] in lm.card.eos_token_ids):
        logits = sequence.forward(sequence.ids[-1:], keep=1)[0]
        steps.append((int(logits.argmax()), logits))
        sequence.ids.append(steps[-1][0])
    return steps


def why_not_shown(lm: LanguageModel, result: BatchingResult, alone) -> str:
    """Why a result is not shown: a request got other tokens than alone, beyond what rounding explains; else empty."""
    for row, one in enumerate(result.served):
        largest = max(float(logits.abs().max()) for _, logits in alone[row])
        if one.gap is not None and one.gap > LOGIT_TOLERANCE[lm.dtype] * largest:
            return (
                f"request {row + 1} got other tokens in the {result.kind} batch than alone, where the logits of "
                f"the two are {one.gap:.2g} apart"
            )
    return ""


def batching_result(lm: LanguageModel, kind: str, requests, prompts, log: ServingLog, alone) -> BatchingResult:
    """The record of a serving log, with each request compared with the same request served alone."""
    served = tuple(
        _served(lm, request, prompt, log.ids[row], log.times[row], log.started[row], alone[row])
        for row, (request, prompt) in enumerate(zip(requests, prompts, strict=True))
    )
    seconds = max(one.times[-1] for one in served) - min(request.arrival for request in requests)
    n_computed = sum(step.n_positions for step in log.steps)
    return BatchingResult(
        kind=kind,
        served=served,
        steps=tuple(log.steps),
        seconds=seconds,
        rate=sum(len(one.tokens) for one in served) / seconds,
        wasted=sum(step.n_wasted for step in log.steps) / n_computed,
        n_blocks=log.n_blocks,
        block_size=log.block_size,
    )


def _served(lm: LanguageModel, request: Request, prompt, ids: list[int], times, started: float, alone) -> ServedRequest:
    differs = next((i for i, (a, (b, _)) in enumerate(zip(ids, alone, strict=False)) if a != b), None)
    gap = None
    if differs is not None:
        own_id, logits = alone[differs]
        gap = float(logits[own_id] - logits[ids[differs]])
    return ServedRequest(
        n_prompt=len(prompt),
        arrival=request.arrival,
        started=started,
        tokens=tuple(describe_token(lm.vocabulary, token_id, len(prompt) + i) for i, token_id in enumerate(ids)),
        times=tuple(times),
        equal=differs is None and len(ids) == len(alone),
        gap=gap,
        ended="eos" if ids[-1] in lm.card.eos_token_ids else "limit",
    )
