"""Requests from the page to text for the page; here every error becomes a sentence."""

import logging
from collections.abc import Container, Iterator
from contextlib import closing

from model.request.errors import Cancelled, Evicted, NotReady, UserError
from model.request.recipe import Recipe
from viz.wire.discover import is_about_models
from viz.wire.payload import dump
from viz.wire.request import read_job, read_look, read_request

log = logging.getLogger(__name__)

STOPPED = "This was stopped before it was done. Ask for it again."
UNEXPECTED = "Something went wrong on the server, and what you had is still here. Try again, or reload the page."


def failure(error: Exception) -> dict:
    """What the page is told of an error: never a traceback."""
    if isinstance(error, Cancelled):
        return {"error": STOPPED, "reason": "stopped"}
    if isinstance(error, UserError):
        reasons = {Evicted: "evicted", NotReady: "starting"}
        return {"error": str(error), "reason": reasons.get(type(error), "refused")}
    log.exception("unexpected error", exc_info=error)
    return {"error": UNEXPECTED, "reason": "unexpected"}


def answer_view(views: dict, startup, request: str, halts: Container[str] = ()) -> str:
    """One look at a run, or at the models: {id, name, recipe, args} in, {ok} or {error, reason} out, as JSON text.

    Ends early once the look's id is in `halts`.
    """
    try:
        name, asked = read_look(request, views)
        view, models = views[name], startup.models()
        if is_about_models(view):
            return dump({"ok": view(models, asked.recipe, asked.args)})
        with models.using(asked.recipe) as engine, engine.stoppable(lambda: asked.id in halts):
            return dump({"ok": view(engine, asked.recipe, asked.args)})
    except Exception as error:
        return dump(failure(error))


def follow_run(startup, request: dict) -> Iterator[dict]:
    """Runs a recipe: yields where it stands, each yield complete in itself, for the page skips some."""
    try:
        asked = read_request(request)
        yield from _until_ready(startup)
        with (yield from _opened(startup, asked.recipe)) as engine:
            for item in engine.run(asked.recipe, asked.n_steps):
                yield {"stage": "decode" if getattr(item, "prefill", None) else "prefill", **_standing(item)}
        yield {"kind": "done"}
    except Exception as error:
        yield {"kind": "error", **failure(error)}


def follow_job(startup, jobs: dict, request: dict) -> Iterator[dict]:
    """Does a job on a recipe: yields how far it is, and what it has found so far."""
    try:
        name, asked = read_job(request, jobs)
        yield from _until_ready(startup)
        with (yield from _opened(startup, asked.recipe)) as engine:
            for item in jobs[name](engine, asked.recipe, asked.args):
                yield {"kind": "job", "found": item} if isinstance(item, dict) else _standing(item)
        yield {"kind": "done"}
    except Exception as error:
        yield {"kind": "error", **failure(error)}


def _until_ready(startup) -> Iterator[dict]:
    while (status := startup.status()).phase == "loading":
        yield {"kind": "progress", "message": status.message, "fraction": status.fraction}
        startup.wait(0.25)
    if status.phase == "failed":
        raise UserError(status.message)


def _opened(startup, recipe: Recipe):
    """Loads the recipe's model if need be: yields how far it is, and gives the engine to be used in a `with`."""
    opening = startup.models().opened(recipe)
    with closing(opening):
        while True:
            try:
                progress = next(opening)
            except StopIteration as end:
                return end.value
            yield {**_standing(progress), "opening": True}


def _standing(item) -> dict:
    if hasattr(item, "message"):
        fraction = item.done / max(item.total, 1)
        far = f"{item.done} of {item.total}" if item.total > 1 else "…"
        if item.unit == "bytes":
            far = f"{item.done / 1e6:,.0f} of {item.total / 1e6:,.0f} MB"
        return {"kind": "progress", "message": f"{item.message} {far}", "fraction": fraction}
    if item.prefill is None:
        return {
            "kind": "progress",
            "message": f"{(n := len(item.tokens)):,} token{'s' if n != 1 else ''}",
            "fraction": 0.0,
        }
    return {"kind": "run", "key": item.recipe.trace_key, "n_steps": len(item.steps), "text": item.text}
