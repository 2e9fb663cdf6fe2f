"""Reads a trace file. It can come from anywhere, so every part is validated before it is used."""

from typing import Any, TypeVar

import numpy as np

from model.records.file import FileContents, FileStep
from model.records.run import ModelCard
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import shorten

FORMAT = "token-by-token/run"
VERSION = 1
MOST_STEPS = 4_096
MOST_TOKENS = 131_072
MOST_CANDIDATES = 1_000
MADE_BY = ("dtype", "device", "torch", "transformers", "tokenizers", "numpy", "python", "machine")
T = TypeVar("T")
WAY_OUT = "Save the run again from its own page, and open that file"


def read_run_file(document: Any, card: ModelCard) -> FileContents:
    """The file's recipe and numbers. Raises UserError, with a way out, if the file is invalid or of another model."""
    _check_format(document)
    _check_model(_part(document, "model", dict), card)
    recipe = Recipe.from_dict(_part(document, "recipe", dict))
    tokens = _list(document, "tokens", MOST_TOKENS)
    steps = _list(document, "steps", MOST_STEPS)
    summaries = _list(document, "logits", MOST_STEPS)
    digests = {s.get("step"): str(s.get("sha256")) for s in summaries if _has_step(s)}
    versions = _part(document, "made_by", dict)
    return FileContents(
        recipe=recipe,
        prompt_ids=tuple(_id(token, "tokens", card) for token in tokens),
        steps=tuple(_step(step, digests.get(index, ""), card) for index, step in enumerate(steps)),
        made_by={name: str(versions[name])[:64] for name in MADE_BY if name in versions},
    )


def _has_step(summary: Any) -> bool:
    return isinstance(summary, dict) and isinstance(summary.get("step"), int)


def _check_format(document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UserError(f"This is not a trace file of this page: it does not say {FORMAT!r} as its format. {WAY_OUT}.")
    version = document.get("version")
    if version != VERSION:
        raise UserError(
            f"This trace file has version {shorten(version)}; this page reads version {VERSION}. "
            "Open it with the release that wrote it, or save the run again here."
        )


def _check_model(model: dict, card: ModelCard) -> None:
    theirs, ours = str(model.get("model_id")), card.model_id
    revisions = (model.get("revision") or "", card.revision)
    if theirs != ours or (all(revisions) and revisions[0] != revisions[1]):
        name = lambda model, revision: f"{model}@{revision}" if revision else model  # noqa: E731
        raise UserError(
            f"This file is a run of {shorten(name(theirs, revisions[0]))}; here {name(ours, revisions[1])} is loaded. "
            "Choose that model at the top of the page and open the file again, or take its prompt and run it here."
        )


def _step(step: Any, digest: str, card: ModelCard) -> FileStep:
    candidates = _part(step, "candidates", dict)
    ids = _numbers(candidates, "token_ids")
    probability = _numbers(candidates, "probability")
    if len(ids) != len(probability):
        raise _damaged(f"{len(ids)} candidates with {len(probability)} probabilities")
    if not all(isinstance(i, int) and 0 <= i < card.n_vocab for i in ids):
        raise _damaged(f"a candidate outside the vocabulary of {card.n_vocab:,}")
    if not all(0 <= p <= 1 for p in probability):
        raise _damaged("a probability that is not from 0 to 1")
    return FileStep(
        _id(step.get("token"), "steps", card), np.array(ids, np.int64), np.array(probability, np.float64), digest
    )


def _id(token: Any, where: str, card: ModelCard) -> int:
    number = token.get("id") if isinstance(token, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < card.n_vocab:
        raise _damaged(f"a token id {shorten(number)} in {where!r}, outside the vocabulary of {card.n_vocab:,}")
    return number


def _numbers(holder: dict, name: str) -> list:
    values = _list(holder, name, MOST_CANDIDATES)
    if not values or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise _damaged(f"something other than numbers in {name!r}")
    return values


def _list(holder: dict, name: str, most: int) -> list:
    values = _part(holder, name, list)
    if len(values) > most:
        raise _damaged(f"{len(values):,} entries in {name!r}; the limit is {most:,}")
    return values


def _part(holder: Any, name: str, kind: type[T]) -> T:
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise _damaged(f"no {name!r}")
    return value


def _damaged(what: str) -> UserError:
    return UserError(f"This trace file is damaged: it has {what}. {WAY_OUT}.")
