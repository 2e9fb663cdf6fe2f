"""A run as it travels to the browser, and any answer as JSON text."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict, TypeVar

import numpy as np

from model.records.run import DecodeStep, Run, StageCount, StopReason, Token
from model.records.text import Lost
from model.request.recipe import Recipe
from viz.wire.plain import Plain, PlainWith, plain

# Of tokens and steps in one answer; a prompt's text comes on top.
ANSWER_BYTES = 120_000

Item = TypeVar("Item")
Made = TypeVar("Made", bound=Mapping[str, Any])


class RecipeAnswer(TypedDict):
    """A recipe as the page sends it; `date` where it has one."""

    date: NotRequired[str]


class StepCandidates(TypedDict):
    """`partial` has the bytes of those that are part of a character, `special` their places; numbers are rounded."""

    token_ids: list[int]
    texts: list[str]
    partial: dict[int, list[int]]
    special: list[int]
    logits: list[float]
    probability: list[float]
    chosen_from: list[float]
    remainder: float
    vocabulary: int


class RunStep(TypedDict):
    """One generated token. Times in milliseconds; `tied` where several tokens have its score."""

    index: int
    token: Plain[Token]
    candidates: StepCandidates
    logit: float
    probability: float
    chosen_from: float
    rank: int
    entropy: float
    surprisal: float
    draw: float | None
    cumulative_from: float
    cumulative_to: float
    stages: list[Plain[StageCount]]
    forced: bool
    forward_ms: float
    sampling_ms: float
    text: str
    waiting: list[int]
    reused: bool
    tied: NotRequired[int]


class PrefillAnswer(TypedDict):
    n_tokens: int
    forward_ms: float
    embed_ms: float
    head_ms: float


class RunMade(TypedDict):
    """What a run has given, wherever it goes. Times in milliseconds; `lost` where something was."""

    text_in: str
    n_tokens: int
    tokens: list[Plain[Token]]
    prefill: PrefillAnswer | None
    n_steps: int
    steps: list[RunStep]
    text: str
    stop: Plain[StopReason]
    ttft_ms: float | None
    itl_ms: list[float]
    tokenize_ms: float
    detokenize_ms: float
    reused_positions: int
    reuse_ms: float
    lost: NotRequired[list[Plain[Lost]]]


class RunAnswer(RunMade):
    """The run so far, its tokens and steps from where the page has them."""

    key: str
    recipe: PlainWith[Recipe, RecipeAnswer]
    tokens_from: int
    steps_from: int


def dump(value: Mapping[str, Any]) -> str:
    """JSON text; what is not finite becomes null, for JSON has no word for it."""
    return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def recipe_payload(recipe: Recipe) -> PlainWith[Recipe, RecipeAnswer]:
    """A recipe as the page sends it."""
    return PlainWith(json.loads(recipe.to_json()))


def step_payload(step: DecodeStep) -> RunStep:
    """One generated token with its candidates."""
    candidates = step.candidates
    made: RunStep = {
        "index": step.index,
        "token": plain(step.token),
        "candidates": {
            "token_ids": candidates.token_ids.tolist(),
            "texts": [token.text for token in candidates.tokens],
            # Only what is part of a character needs its bytes to be shown.
            "partial": {place: list(token.bytes) for place, token in enumerate(candidates.tokens) if token.partial},
            "special": [place for place, token in enumerate(candidates.tokens) if token.special],
            "logits": _rounded(candidates.logits),
            "probability": _rounded(candidates.probability),
            "chosen_from": _rounded(candidates.chosen_from),
            "remainder": candidates.remainder,
            "vocabulary": candidates.vocabulary,
        },
        "logit": step.logit,
        "probability": step.probability,
        "chosen_from": step.chosen_from,
        "rank": step.rank,
        "entropy": step.entropy,
        "surprisal": step.surprisal,
        "draw": step.draw,
        "cumulative_from": step.cumulative_from,
        "cumulative_to": step.cumulative_to,
        "stages": [plain(stage) for stage in step.stages],
        "forced": step.forced,
        "forward_ms": step.forward_seconds * 1000,
        "sampling_ms": step.sampling_seconds * 1000,
        "text": step.text,
        "waiting": list(step.waiting),
        "reused": step.reused,
    }
    if step.tied > 1:
        made["tied"] = step.tied
    return made


def run_made(run: Run, tokens: list[Plain[Token]], steps: list[RunStep]) -> RunMade:
    """What a run has given, with as many of its tokens and steps."""
    filled = run.prefill
    made: RunMade = {
        "text_in": run.tokens.text,
        "n_tokens": len(run.tokens),
        "tokens": tokens,
        "prefill": filled
        and {
            "n_tokens": filled.n_tokens,
            "forward_ms": filled.forward_seconds * 1000,
            "embed_ms": filled.embed_seconds * 1000,
            "head_ms": filled.head_seconds * 1000,
        },
        "n_steps": len(run.steps),
        "steps": steps,
        "text": run.text,
        "stop": plain(run.stop),
        "ttft_ms": run.ttft and run.ttft * 1000,
        "itl_ms": [seconds * 1000 for seconds in run.itl],
        "tokenize_ms": run.tokens.seconds * 1000,
        "detokenize_ms": run.detokenize_seconds * 1000,
        "reused_positions": run.reused_positions,
        "reuse_ms": run.reuse_seconds * 1000,
    }
    if run.tokens.lost:
        made["lost"] = [plain(lost) for lost in run.tokens.lost]
    return made


def run_payload(run: Run, tokens_from: int, steps_from: int, room: int = ANSWER_BYTES) -> RunAnswer:
    """The run so far: its tokens and steps from where the page has them, as many as fit in `room` bytes.

    Steps come when all tokens of the prompt are there.
    """
    tokens, room = _fitting(run.tokens.tokens[tokens_from:], plain, room)
    complete = tokens_from + len(tokens) >= len(run.tokens)
    steps, _ = _fitting(run.steps[steps_from:] if complete else (), step_payload, room)
    return {
        "key": run.recipe.trace_key,
        "recipe": recipe_payload(run.recipe),
        "tokens_from": tokens_from,
        "steps_from": steps_from,
        **run_made(run, tokens, steps),
    }


def _fitting(items: Sequence[Item], payload: Callable[[Item], Made], room: int) -> tuple[list[Made], int]:
    """Payloads of the first items, as many as fit in `room` bytes of JSON, and the bytes left over."""
    fitting: list[Made] = []
    for item in items:
        made = payload(item)
        room -= len(dump(made)) + 1
        if room < 0:
            break
        fitting.append(made)
    return fitting, max(room, 0)


def _rounded(values: np.ndarray) -> list[float]:
    """Seven significant digits: more than float32 holds, and half the text."""
    return [float(f"{value:.7g}") for value in values.tolist()]
