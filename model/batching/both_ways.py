"""Requests served both ways, one after the other, and each of them alone as the proof."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from model.batching.continuous import serve_continuous
from model.batching.static import Watched, serve_static
from model.network.implementation import attention_as
from model.network.language_model import LanguageModel
from model.network.sequence import Decoding
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.batching import MAX_PROMPT_TOKENS, MAX_REQUESTS, BatchingResult, BatchingRun, Request, ServedRequest
from model.request.errors import UserError
from model.runtime.budget import Budget
from model.runtime.progress import Progress, with_progress
from model.tokens.describe import describe

SERVE = {"static": serve_static, "continuous": serve_continuous}


def check_requests(requests: Sequence[Request], prompts: Sequence[Sequence[int]]) -> None:
    """Raises UserError for no requests, too many, or too long ones."""
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
    """Why transformers' continuous batching cannot serve this model; empty where it can be tried."""
    if not hasattr(lm.model, "init_continuous_batching"):
        return "transformers offers no continuous batching for this model"
    if not getattr(lm.model, "_supports_sdpa", False):
        return "continuous batching needs an attention (sdpa) that this family does not have"
    return ""


def serve_both(
    lm: LanguageModel, requests: Sequence[Request], prompts: Sequence[Sequence[int]], budget: Budget
) -> Iterator[Progress | BatchingRun]:
    """Serves the requests statically, then continuously; yields what is measured so far."""
    check_requests(requests, prompts)
    total = sum(request.max_new_tokens for request in requests)
    alone = []
    for row, (prompt, request) in enumerate(zip(prompts, requests, strict=True)):
        yield Progress("Each request alone", row, len(requests))
        alone.append(_alone(lm, prompt, request.max_new_tokens))
    found = BatchingRun(None, None, why_not_continuous(lm))
    for kind in ("static", "continuous"):
        if kind == "continuous" and (found.reason or not budget.allows()):
            yield found if found.reason else BatchingRun(found.static, None, "the time for one measurement was spent")
            return
        try:
            seen = yield from with_progress(_work(lm, kind, prompts, requests, total))
        except Exception as error:  # what a family cannot do is said, the rest stands
            if kind == "static" and isinstance(error, UserError):
                raise
            if kind == "static":
                raise UserError(
                    f"{lm.card.model_id!r} cannot be served in a padded batch ({error!s:.200}), so there is nothing "
                    "to compare. Choose another model."
                ) from error
            said = f"transformers' continuous batching failed: {error!s:.200}".rstrip(".")
            yield BatchingRun(found.static, None, str(error).rstrip(".") if isinstance(error, UserError) else said)
            return
        done = batched(lm, kind, requests, prompts, seen, alone)
        if reason := other_tokens(lm, done, alone):
            if kind == "static":
                raise UserError(f"Batching is off for {lm.card.model_id!r}: {reason}.")
            yield BatchingRun(found.static, None, reason)
            return
        found = BatchingRun(done, None, found.reason) if kind == "static" else BatchingRun(found.static, done, "")
        yield found


def _work(lm: LanguageModel, kind: str, prompts, requests, total: int) -> Callable:
    def work(report: Callable[[Progress], None]) -> Watched:
        with lm.lock, _plain_attention(lm):
            return SERVE[kind](lm, prompts, requests, lambda n: report(Progress(f"Serving ({kind})", n, total)))

    return work


@contextmanager
def _plain_attention(lm: LanguageModel) -> Iterator[None]:
    """For the time of a batch, transformers' own attention; what captures comes back whatever happens."""
    with attention_as(lm, "sdpa" if getattr(lm.model, "_supports_sdpa", False) else "eager"):
        yield


def _alone(lm: LanguageModel, prompt: Sequence[int], n: int) -> list[tuple[int, Tensor]]:
    """Greedy decoding of one request by itself: ids with their logits."""
    decoding, made = Decoding(lm, prompt), []
    while len(made) < n and not (made and made[-1][0] in lm.card.eos_token_ids):
        logits = decoding.forward(decoding.ids[-1:], keep=1)[0]
        made.append((int(logits.argmax()), logits))
        decoding.ids.append(made[-1][0])
    return made


def other_tokens(lm: LanguageModel, way: BatchingResult, alone) -> str:
    """Why a way of serving is not shown: a request got another token than alone, and rounding does not explain it."""
    for row, one in enumerate(way.served):
        largest = max(float(logits.abs().max()) for _, logits in alone[row])
        if one.gap is not None and one.gap > LOGIT_TOLERANCE[lm.dtype] * largest:
            return (
                f"request {row + 1} got other tokens in the {way.kind} batch than alone, where the logits of the two "
                f"are {one.gap:.2g} apart"
            )
    return ""


def batched(lm: LanguageModel, kind: str, requests, prompts, seen: Watched, alone) -> BatchingResult:
    """What was watched, as a record: each request beside itself alone."""
    served = tuple(
        _served(lm, request, prompt, seen.ids[row], seen.times[row], seen.started[row], alone[row])
        for row, (request, prompt) in enumerate(zip(requests, prompts, strict=True))
    )
    seconds = max(one.times[-1] for one in served) - min(request.arrival for request in requests)
    computed = sum(step.n_positions for step in seen.steps)
    return BatchingResult(
        kind=kind,
        served=served,
        steps=tuple(seen.steps),
        seconds=seconds,
        rate=sum(len(one.tokens) for one in served) / seconds,
        wasted=sum(step.n_wasted for step in seen.steps) / computed,
        n_blocks=seen.n_blocks,
        block_size=seen.block_size,
    )


def _served(lm: LanguageModel, request: Request, prompt, ids: list[int], times, started: float, alone) -> ServedRequest:
    parts = next((i for i, (a, (b, _)) in enumerate(zip(ids, alone, strict=False)) if a != b), None)
    gap = None if parts is None else float(alone[parts][1][alone[parts][0]] - alone[parts][1][ids[parts]])
    return ServedRequest(
        n_prompt=len(prompt),
        arrival=request.arrival,
        started=started,
        tokens=tuple(describe(lm.vocabulary, token_id, len(prompt) + i) for i, token_id in enumerate(ids)),
        times=tuple(times),
        equal=parts is None and len(ids) == len(alone),
        gap=gap,
        ended="eos" if ids[-1] in lm.card.eos_token_ids else "limit",
    )
