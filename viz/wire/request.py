"""What a page asks for, read once where it enters: a run, or a view or job of one, with its arguments."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from model.request.errors import UserError
from model.request.recipe import Recipe


@dataclass(frozen=True)
class PageRequest:
    """One look, run or job. `id` is the page's own name for it, by which it can be cancelled."""

    id: Any
    recipe: Recipe
    args: dict
    n_steps: int | None = None


def read_look(text: str, views: Mapping[str, Callable]) -> tuple[str, PageRequest]:
    """The name of a view, and the look at it, from JSON text. Raises UserError for what is no request of this page."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UserError(f"The request is not JSON ({error}). Reload the page.") from None
    return _known(_object("request", values).get("name"), views, "view"), read_request(values)


def read_job(values: Any, jobs: Mapping[str, Callable]) -> tuple[str, PageRequest]:
    """The name of a job, and the request for it. Raises UserError for what is no request of this page."""
    return _known(_object("request", values).get("job"), jobs, "job"), read_request(values)


def read_request(values: Any) -> PageRequest:
    """A request as JSON gave it. Raises UserError for what is no request of this page."""
    given = _object("request", values)
    args = _object("request's list of arguments", given.get("args") or {})
    return PageRequest(given.get("id"), Recipe.from_dict(given.get("recipe")), args, given.get("n_steps"))


def _known(name: Any, functions: Mapping[str, Callable], kind: str) -> str:
    if not isinstance(name, str) or name not in functions:
        raise UserError(f"There is no {kind} {name!r:.40}. Reload the page.")
    return name


def _object(what: str, value: Any) -> dict:
    if not isinstance(value, dict):
        raise UserError(f"The {what} is a {type(value).__name__}, not an object. Reload the page.")
    return value
