"""Records to what travels to the browser: plain JSON, with arrays as base64."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from model.records.run import Check, DecodeStep, ModelCard, Run, Token

# Of tokens and steps in one answer; a prompt's text comes on top.
ANSWER_BYTES = 120_000


def pack(array: np.ndarray) -> dict[str, Any]:
    """An array as {dtype, shape, data}: little-endian base64, which `maths/arrays.js` unpacks.

    Whole numbers of 64 bits go as 32: no id or position here needs more, and half the text.
    """
    array = array.astype(np.int32) if array.dtype == np.int64 else array
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def dump(value: dict[str, Any]) -> str:
    """JSON text; what is not finite becomes null, for JSON has no word for it."""
    return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def token_payload(token: Token) -> dict[str, Any]:
    """One token; its bytes as a list of integers."""
    return {**asdict(token), "bytes": list(token.bytes)}


def check_payload(check: Check) -> dict[str, Any]:
    """One check, with whether it passed."""
    return {**asdict(check), "passed": check.passed}


def card_payload(card: ModelCard) -> dict[str, Any]:
    """The model card, each check with whether it passed."""
    checks = [check_payload(check) for check in card.checks]
    return {**asdict(card), "checks": checks}


def step_payload(step: DecodeStep) -> dict[str, Any]:
    """One generated token with its candidates. Times in milliseconds."""
    candidates = step.candidates
    return {
        "index": step.index,
        "token": token_payload(step.token),
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
        "stages": [asdict(stage) for stage in step.stages],
        "forced": step.forced,
        "forward_ms": step.forward_seconds * 1000,
        "sampling_ms": step.sampling_seconds * 1000,
        "text": step.text,
        "waiting": list(step.waiting),
        "reused": step.reused,
    }


def run_payload(run: Run, tokens_from: int, steps_from: int, room: int = ANSWER_BYTES) -> dict[str, Any]:
    """The run so far: its tokens and steps from where the page has them, as many as fit in `room` bytes.

    Steps come when all tokens of the prompt are there. Times in milliseconds.
    """
    filled = run.prefill
    tokens, room = _fitting(run.tokens.tokens[tokens_from:], token_payload, room)
    complete = tokens_from + len(tokens) >= len(run.tokens)
    steps, _ = _fitting(run.steps[steps_from:] if complete else (), step_payload, room)
    return {
        "key": run.recipe.trace_key,
        "recipe": json.loads(run.recipe.to_json()),
        "text_in": run.tokens.text,
        "tokens_from": tokens_from,
        "n_tokens": len(run.tokens),
        "tokens": tokens,
        "prefill": filled
        and {
            "n_tokens": filled.n_tokens,
            "forward_ms": filled.forward_seconds * 1000,
            "embed_ms": filled.embed_seconds * 1000,
            "head_ms": filled.head_seconds * 1000,
        },
        "steps_from": steps_from,
        "n_steps": len(run.steps),
        "steps": steps,
        "text": run.text,
        "stop": asdict(run.stop),
        "ttft_ms": run.ttft and run.ttft * 1000,
        "itl_ms": [seconds * 1000 for seconds in run.itl],
        "tokenize_ms": run.tokens.seconds * 1000,
        "detokenize_ms": run.detokenize_seconds * 1000,
        "reused_positions": run.reused_positions,
        "reuse_ms": run.reuse_seconds * 1000,
    }


def _fitting(items: Sequence, payload: Callable[..., dict], room: int) -> tuple[list[dict], int]:
    """Payloads of the first items, as many as fit in `room` bytes of JSON, and the bytes left over."""
    fitting = []
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
