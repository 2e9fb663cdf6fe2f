"""Turns a run into the record of a trace file, and compares the numbers in a file with those of the run here."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from model.records.file import Comparison, FileContents, LogitsSummary, RunFile
from model.records.run import ModelCard, Run

PACKAGES = ("torch", "transformers", "tokenizers", "numpy")


def made_by(card: ModelCard) -> dict[str, str]:
    """Everything besides the recipe that can change a run's numbers: dtype, device, software versions, machine."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return {"dtype": card.dtype, "device": card.device, **packages, **machine}


def summary(step: int, logits: Tensor) -> LogitsSummary:
    """Summarises all logits (vocab,) of a step."""
    values = _float32(logits)
    top = int(values.argmax())
    log_sum_exp = float(torch.logsumexp(torch.from_numpy(values).double(), 0))
    return LogitsSummary(step, _digest(values), float(values[top]), top, log_sum_exp)


def run_file(run: Run, card: ModelCard, logits: Sequence[Tensor]) -> RunFile:
    """The record of a run for a trace file; token i was chosen from `logits[i]` (vocab,)."""
    summaries = tuple(summary(step, scores) for step, scores in enumerate(logits[: len(run.steps)]))
    return RunFile(run, card, made_by(card), summaries)


def compare_run_file(filed: FileContents, run: Run, card: ModelCard, logits: Sequence[Tensor]) -> Comparison:
    """Compares a file with the run of its recipe here, step by step, up to the first token that differs."""
    ours, theirs = [step.token.id for step in run.steps], [step.token_id for step in filed.steps]
    differs = (i for i, token_id in enumerate(theirs) if i >= len(ours) or token_id != ours[i])
    first_difference = next(differs, None)
    same_prompt = filed.prompt_ids == run.tokens.ids
    n_steps = len(filed.steps) if first_difference is None else first_difference + 1
    n_compared = min(n_steps, len(ours)) if same_prompt else 0
    differences, same_logits, n_candidates = [0.0], 0, 0
    for step, scores in zip(filed.steps[:n_compared], logits, strict=False):
        probability = torch.softmax(scores.double().flatten(), 0).numpy()[step.candidates]
        differences.append(float(np.abs(probability - step.probability).max()))
        same_logits += _digest(_float32(scores)) == step.sha256
        n_candidates += len(step.candidates)
    here = made_by(card)
    differing = tuple((name, there, here[name]) for name, there in filed.made_by.items() if here[name] != there)
    return Comparison(
        n_steps=len(filed.steps),
        n_compared=n_compared,
        same_prompt=same_prompt,
        first_difference=first_difference,
        max_probability_difference=max(differences),
        same_logits=same_logits,
        n_candidates=n_candidates,
        differing=differing,
    )


def _float32(logits: Tensor) -> np.ndarray:
    return logits.detach().float().cpu().flatten().numpy().astype("<f4")


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()
