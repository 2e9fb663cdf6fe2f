"""What a page asks for, read once where it enters: a run, or a view or job of one, with its arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from model.request.errors import UserError
from model.request.recipe import Recipe
from viz.wire.args import MOST
from viz.wire.decode import check_bounds, parse, typed
from viz.wire.halts import LONGEST_ID

Id = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]
Steps = Annotated[int, msgspec.Meta(ge=0, le=MOST)]


class Sent(msgspec.Struct):
    """A run as a page sends it. The recipe and the arguments are checked by what reads them."""

    recipe: dict[str, Any]
    id: Id | None = None
    args: dict[str, Any] | None = None
    n_steps: Steps | None = None


class SentLook(Sent, kw_only=True):
    name: str


class SentJob(Sent, kw_only=True):
    job: str


@dataclass(frozen=True)
class PageRequest:
    """One look, run or job. `id` is the page's own name for it, by which it can be cancelled."""

    id: str | None
    recipe: Recipe
    args: dict[str, Any]
    n_steps: int | None = None


def read_look(text: str, views: Mapping[str, Callable]) -> tuple[str, PageRequest]:
    """The name of a view, and the look at it, from JSON text. Raises UserError for what is no request of this page."""
    sent = typed(parse(text), SentLook)
    return _known(sent.name, views, "view"), _request(sent)


def read_job(values: Any, jobs: Mapping[str, Callable]) -> tuple[str, PageRequest]:
    """The name of a job, and the request for it. Raises UserError for what is no request of this page."""
    check_bounds(values)
    sent = typed(values, SentJob)
    return _known(sent.job, jobs, "job"), _request(sent)


def read_request(values: Any) -> PageRequest:
    """A request for a run as JSON gave it. Raises UserError for what is no request of this page."""
    check_bounds(values)
    return _request(typed(values, Sent))


def _request(sent: Sent) -> PageRequest:
    return PageRequest(sent.id, Recipe.from_dict(sent.recipe), sent.args or {}, sent.n_steps)


def _known(name: str, functions: Mapping[str, Callable], kind: str) -> str:
    if name not in functions:
        raise UserError(f"There is no {kind} {name!r:.40}. Reload the page.")
    return name
