"""Requests served together, live: statically, then continuously. Times in seconds."""

from typing import TypedDict

from model.records.batching import (
    MAX_ARRIVAL,
    MAX_NEW_TOKENS,
    MAX_REQUESTS,
    BatchingResult,
    BatchingRun,
    Request,
    ServedRequest,
)
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_field
from viz.wire.args import given
from viz.wire.engine import Engine, Job
from viz.wire.plain import PlainWith, plain_with


class ServedAnswer(TypedDict):
    """Seconds from the request's arrival to its first token, and to its last."""

    ttft: float
    latency: float


class BatchingResultAnswer(TypedDict):
    served: list[PlainWith[ServedRequest, ServedAnswer]]


class BatchingAnswer(TypedDict):
    static: PlainWith[BatchingResult, BatchingResultAnswer] | None
    continuous: PlainWith[BatchingResult, BatchingResultAnswer] | None
    reason: str


def batching(engine: Engine, recipe: Recipe, args: dict) -> Job[BatchingAnswer]:
    """Serves `requests`, a list of {prompt, max_new_tokens, arrival}, both ways."""
    for item in engine.batching.serve_both(recipe, _requests(args.get("requests"))):
        yield _payload(item) if isinstance(item, BatchingRun) else item


def _requests(sent) -> tuple[Request, ...]:
    if not isinstance(sent, list) or not 0 < len(sent) <= MAX_REQUESTS:
        n = len(sent) if isinstance(sent, list) else 0
        raise UserError(f"There are {n} requests; from 1 to {MAX_REQUESTS} can be served here. Add or remove some.")
    return tuple(_request(entry, place) for place, entry in enumerate(sent, start=1))


def _request(entry, place: int) -> Request:
    if not isinstance(entry, dict):
        raise UserError(f"A request is {entry!r:.40}, not an object. Reload the page.")
    prompt, most, arrival = (given(entry, name) for name in ("prompt", "max_new_tokens", "arrival"))
    if not isinstance(prompt, str) or not prompt.strip():
        raise UserError(f"Request {place} has an empty prompt. Type at least one visible character, or remove it.")
    require_field(f"Tokens at most of request {place}", most, 1, MAX_NEW_TOKENS, "its answer ends there")
    require_field(f"Arrival of request {place}", arrival, 0, MAX_ARRIVAL, "seconds from the start", whole=False)
    return Request(
        prompt=prompt,
        max_new_tokens=most,
        arrival=float(arrival),
    )


def _payload(found: BatchingRun) -> BatchingAnswer:
    return {
        "static": found.static and _way(found.static),
        "continuous": found.continuous and _way(found.continuous),
        "reason": found.reason,
    }


def _way(way: BatchingResult) -> PlainWith[BatchingResult, BatchingResultAnswer]:
    served = [plain_with(one, ServedAnswer(ttft=one.ttft, latency=one.latency)) for one in way.served]
    return plain_with(way, BatchingResultAnswer(served=served))


JOBS = {"batching": batching}
