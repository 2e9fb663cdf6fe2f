"""Requests from the page to text for the page; here every error becomes a sentence."""

import logging
from collections.abc import Callable, Container, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from typing import Any

from model.records.progress import Progress
from model.request.errors import Cancelled, Evicted, NotReady, UserError
from model.request.recipe import Recipe
from viz.wire.discover import is_about_models
from viz.wire.engine import Engine, Job, Startup
from viz.wire.payload import dump
from viz.wire.request import read_job, read_look, read_request
from viz.wire.standing import (
    ErrorMessage,
    Failure,
    ProgressMessage,
    Standing,
    progress_message,
    run_message,
    status_message,
)

log = logging.getLogger(__name__)

View = Callable[..., Mapping[str, Any]]
JobCall = Callable[..., Job[Any]]

STOPPED = "This was stopped before it was done. Ask for it again."
UNEXPECTED = "Something went wrong on the server, and what you had is still here. Try again, or reload the page."


def failure(error: Exception) -> Failure:
    """What the page is told of an error: never a traceback."""
    if isinstance(error, Cancelled):
        return {"error": STOPPED, "reason": "stopped"}
    if isinstance(error, Evicted):
        return {"error": str(error), "reason": "evicted"}
    if isinstance(error, NotReady):
        return {"error": str(error), "reason": "starting"}
    if isinstance(error, UserError):
        return {"error": str(error), "reason": "refused"}
    log.exception("unexpected error", exc_info=error)
    return {"error": UNEXPECTED, "reason": "unexpected"}


def answer_view(views: Mapping[str, View], startup: Startup, request: str, halts: Container[object] = ()) -> str:
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


def follow(startup: Startup, jobs: Mapping[str, JobCall], request: Any) -> Generator[Standing, None, None]:
    """The job that a request names, or the run that it asks for."""
    is_job = isinstance(request, dict) and request.get("job") is not None
    return follow_job(startup, jobs, request) if is_job else follow_run(startup, request)


def follow_run(startup: Startup, request: Any) -> Generator[Standing, None, None]:
    """Runs a recipe: yields where it stands, each yield complete in itself, for the page skips some."""
    try:
        asked = read_request(request)
        yield from _until_ready(startup)
        with (yield from _opened(startup, asked.recipe)) as engine:
            for item in engine.run(asked.recipe, asked.n_steps):
                yield run_message(item)
        yield {"kind": "done"}
    except Exception as error:
        yield ErrorMessage(kind="error", **failure(error))


def follow_job(startup: Startup, jobs: Mapping[str, JobCall], request: Any) -> Generator[Standing, None, None]:
    """Does a job on a recipe: yields how far it is, and what it has found so far."""
    try:
        name, asked = read_job(request, jobs)
        yield from _until_ready(startup)
        with (yield from _opened(startup, asked.recipe)) as engine:
            for item in jobs[name](engine, asked.recipe, asked.args):
                yield progress_message(item) if isinstance(item, Progress) else {"kind": "job", "found": item}
        yield {"kind": "done"}
    except Exception as error:
        yield ErrorMessage(kind="error", **failure(error))


def _until_ready(startup: Startup) -> Iterator[ProgressMessage]:
    while (status := startup.status()).phase == "loading":
        yield status_message(status)
        startup.wait(0.25)
    if status.phase == "failed":
        raise UserError(status.message)


def _opened(startup: Startup, recipe: Recipe) -> Generator[ProgressMessage, None, AbstractContextManager[Engine]]:
    """Loads the recipe's model if need be: yields how far it is, and gives the engine to be used in a `with`."""
    opening = startup.models().opened(recipe)
    with closing(opening):
        while True:
            try:
                progress = next(opening)
            except StopIteration as end:
                return end.value
            yield {**progress_message(progress), "opening": True}
