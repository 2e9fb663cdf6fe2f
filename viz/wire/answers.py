"""Requests from the page to text for the page; here every error becomes a sentence."""

import json
import logging
from collections.abc import Container, Iterator
from contextlib import closing

from model.request.errors import Cancelled, Evicted, NotReady, UserError
from model.request.recipe import Recipe
from viz.stages.source import ABOUT_MODELS
from viz.wire.payload import dump

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
        asked = json.loads(request)
        view = views.get(asked.get("name"))
        if view is None:
            raise UserError(f"There is no view {asked.get('name')!r:.40}. Reload the page.")
        recipe, args = Recipe.from_json(json.dumps(asked["recipe"])), asked.get("args") or {}
        models = startup.models()
        if asked["name"] in ABOUT_MODELS:
            return dump({"ok": view(models, recipe, args)})
        with models.using(recipe) as engine, engine.stoppable(lambda: asked.get("id") in halts):
            return dump({"ok": view(engine, recipe, args)})
    except Exception as error:
        return dump(failure(error))


def follow_run(startup, request: dict) -> Iterator[dict]:
    """Runs a recipe: yields where it stands, each yield complete in itself, for the page skips some."""
    try:
        recipe = Recipe.from_json(json.dumps(request.get("recipe")))
        yield from _until_ready(startup)
        n_steps = request.get("n_steps")
        with (yield from _opened(startup, recipe)) as engine:
            for item in engine.run(recipe, n_steps):
                yield {"stage": "decode" if getattr(item, "prefill", None) else "prefill", **_standing(item)}
        yield {"kind": "done"}
    except Exception as error:
        yield {"kind": "error", **failure(error)}


def follow_job(startup, jobs: dict, request: dict) -> Iterator[dict]:
    """Does a job on a recipe: yields how far it is, and what it has found so far."""
    try:
        job = jobs.get(request.get("job"))
        if job is None:
            raise UserError(f"There is no job {request.get('job')!r:.40}. Reload the page.")
        recipe = Recipe.from_json(json.dumps(request.get("recipe")))
        yield from _until_ready(startup)
        with (yield from _opened(startup, recipe)) as engine:
            for item in job(engine, recipe, request.get("args") or {}):
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
