"""Translates the exceptions of the Hub's client into errors for the visitor."""

import errno
from collections.abc import Callable
from typing import TypeVar

from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from model.request.errors import UserError

T = TypeVar("T")
BUSY = (429, 500, 502, 503, 504)
# The first match counts, as some classes are subclasses of a later one.
WORDS = (
    (
        GatedRepoError,
        "{repo!r} is gated: its owner wants terms to be accepted first. Accept them on its page of the Hub, log in on "
        "the machine that serves this page (`hf auth login`, or HF_TOKEN), then open it again.",
    ),
    (RevisionNotFoundError, "{repo!r} has no revision {revision!r}. Leave the revision empty for the newest."),
    (
        RepositoryNotFoundError,
        "There is no {repo!r} on the Hub, or it is private. Check the name ('org/name'), or log in on the machine that "
        "serves this page (`hf auth login`).",
    ),
    (HFValidationError, "{repo!r} is no name of the Hub ({line}). Type 'org/name'."),
)


class Unreachable(UserError):
    """The Hub did not answer; a copy on the disk can be used instead."""


def user_errors(ask: Callable[[], T], repo: str, revision: str) -> T:
    """Returns `ask()`. Raises UserError if the Hub refuses the request, Unreachable if it does not answer."""
    try:
        return ask()
    except Exception as error:
        raise _user_error(error, repo, revision) or error from None


def _user_error(error: Exception, repo: str, revision: str) -> UserError | None:
    """The error for the visitor; None if it does not come from the Hub, the disk or the network."""
    line = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
    for kind, words in WORDS:
        if isinstance(error, kind):
            return UserError(words.format(repo=repo, revision=revision, line=line))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return UserError(f"The disk is full: {repo!r} could not be kept. Make room, then open it again.")
    if isinstance(error, HfHubHTTPError):
        status = getattr(error.response, "status_code", 0)
        if status in BUSY:
            return Unreachable(f"The Hub is busy (status {status}). Try again in a minute.")
        return UserError(f"The Hub refuses {repo!r} ({line}). Check the name.")
    if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return UserError(f"{repo!r} lacks a file that was asked for ({line}). Choose another model.")
    # The client's connection errors and timeouts are not OSErrors.
    if isinstance(error, OSError) or type(error).__module__.startswith(("httpx", "httpcore")):
        return Unreachable(
            f"The Hub cannot be reached, so {repo!r} cannot be downloaded. Check the network, or type the path of a "
            "local folder or GGUF."
        )
    return None
