"""What a run or a job reports while it goes on, and how any request fails: messages that the page's scripts read."""

from typing import Literal, NotRequired, TypedDict

from model.records.progress import Progress
from model.records.run import EngineStatus, Run

Stage = Literal["prefill", "decode"]


class Failure(TypedDict):
    """Why there is no answer: a sentence for the visitor, and the kind of reason for the scripts."""

    error: str
    reason: Literal["stopped", "evicted", "starting", "refused", "unexpected"]


class ProgressMessage(TypedDict):
    """How far it is. `stage` is that of a run; `opening`: a model is being opened for it."""

    kind: Literal["progress"]
    message: str
    fraction: float
    stage: NotRequired[Stage]
    opening: NotRequired[bool]


class RunMessage(TypedDict):
    """How many tokens a run has by now, and the text they make."""

    kind: Literal["run"]
    key: str
    n_steps: int
    text: str
    stage: NotRequired[Stage]


class JobMessage(TypedDict):
    """What a job has found so far, complete in itself."""

    kind: Literal["job"]
    found: object


class DoneMessage(TypedDict):
    kind: Literal["done"]


class ErrorMessage(Failure):
    kind: Literal["error"]


Standing = ProgressMessage | RunMessage | JobMessage | DoneMessage | ErrorMessage


def progress_message(progress: Progress) -> ProgressMessage:
    """How far a piece of work is, as a sentence and a fraction."""
    far = f"{progress.done} of {progress.total}" if progress.total > 1 else "…"
    if progress.unit == "bytes":
        far = f"{progress.done / 1e6:,.0f} of {progress.total / 1e6:,.0f} MB"
    fraction = progress.done / max(progress.total, 1)
    return {"kind": "progress", "message": f"{progress.message} {far}", "fraction": fraction}


def status_message(status: EngineStatus) -> ProgressMessage:
    """How far the engine is with its start."""
    return {"kind": "progress", "message": status.message, "fraction": status.fraction}


def run_message(item: Progress | Run) -> ProgressMessage | RunMessage:
    """Where a run stands: before its prefill, in it, or at a token."""
    if isinstance(item, Progress):
        return {**progress_message(item), "stage": "prefill"}
    if item.prefill is None:
        n = len(item.tokens)
        message = f"{n:,} token{'s' if n != 1 else ''}"
        return {"kind": "progress", "message": message, "fraction": 0.0, "stage": "prefill"}
    return {
        "kind": "run",
        "key": item.recipe.trace_key,
        "n_steps": len(item.steps),
        "text": item.text,
        "stage": "decode",
    }
