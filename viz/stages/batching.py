"""Requests served together, live: statically, then continuously. Times in seconds."""

from collections.abc import Iterator
from dataclasses import asdict

from model.records.batching import MAX_ARRIVAL, MAX_NEW_TOKENS, MAX_REQUESTS, BatchingResult, BatchingRun, Request
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_field
from viz.wire.payload import token_payload


def batching(engine, recipe: Recipe, args: dict) -> Iterator:
    """Serves `requests`, a list of {prompt, max_new_tokens, arrival}, both ways."""
    for item in engine.batching.serve_both(recipe, _requests(args.get("requests"))):
        yield _payload(item) if isinstance(item, BatchingRun) else item


def _requests(given) -> tuple[Request, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= MAX_REQUESTS:
        n = len(given) if isinstance(given, list) else 0
        raise UserError(f"There are {n} requests; from 1 to {MAX_REQUESTS} can be served here. Add or remove some.")
    return tuple(_request(entry, place) for place, entry in enumerate(given, start=1))


def _request(entry, place: int) -> Request:
    if not isinstance(entry, dict):
        raise UserError(f"A request is {entry!r:.40}, not an object. Reload the page.")
    prompt, most, arrival = entry.get("prompt"), entry.get("max_new_tokens"), entry.get("arrival")
    if not isinstance(prompt, str) or not prompt.strip():
        raise UserError(f"Request {place} has an empty prompt. Type at least one visible character, or remove it.")
    require_field(f"Tokens at most of request {place}", most, 1, MAX_NEW_TOKENS, "its answer ends there")
    require_field(f"Arrival of request {place}", arrival, 0, MAX_ARRIVAL, "seconds from the start", whole=False)
    return Request(
        prompt=prompt,
        max_new_tokens=most,
        arrival=float(arrival),
    )


def _payload(found: BatchingRun) -> dict:
    ways = {kind: getattr(found, kind) for kind in ("static", "continuous")}
    return {"reason": found.reason, **{kind: way and _way(way) for kind, way in ways.items()}}


def _way(way: BatchingResult) -> dict:
    served = [
        {
            **asdict(one),
            "tokens": [token_payload(token) for token in one.tokens],
            "ttft": one.ttft,
            "latency": one.latency,
        }
        for one in way.served
    ]
    return {**asdict(way), "served": served}


JOBS = {"batching": batching}
