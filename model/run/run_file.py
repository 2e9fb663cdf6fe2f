"""A run and its logits to a file's record, and a file's numbers held against the same recipe run here."""

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
    """What may make a run's numbers differ in their last digits, or more."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return {"dtype": card.dtype, "device": card.device, **packages, **machine}


def summary(step: int, logits: Tensor) -> LogitsSummary:
    """All logits of a step in a few numbers."""
    values = _float32(logits)
    top = int(values.argmax())
    log_sum_exp = float(torch.logsumexp(torch.from_numpy(values).double(), 0))
    return LogitsSummary(step, _digest(values), float(values[top]), top, log_sum_exp)


def run_file(run: Run, card: ModelCard, logits: Sequence[Tensor]) -> RunFile:
    """The run as a file takes it along; `logits[i]` chose its token i."""
    summaries = tuple(summary(step, scores) for step, scores in enumerate(logits[: len(run.steps)]))
    return RunFile(run, card, made_by(card), summaries)


def compare(filed: FileContents, run: Run, card: ModelCard, logits: Sequence[Tensor]) -> Comparison:
    """The file beside the run of its recipe here, step by step until their tokens part."""
    ours = [step.token.id for step in run.steps]
    parting = next((i for i, step in enumerate(filed.steps) if i >= len(ours) or step.token_id != ours[i]), None)
    same_prompt = filed.prompt_ids == run.tokens.ids
    known = min(len(filed.steps) if parting is None else parting + 1, len(ours)) if same_prompt else 0
    differences, same_logits, n_candidates = [0.0], 0, 0
    for step, scores in zip(filed.steps[:known], logits, strict=False):
        probability = torch.softmax(scores.double().flatten(), 0).numpy()[step.candidates]
        differences.append(float(np.abs(probability - step.probability).max()))
        same_logits += _digest(_float32(scores)) == step.sha256
        n_candidates += len(step.candidates)
    here = made_by(card)
    differing = tuple((name, said, here[name]) for name, said in filed.made_by.items() if here[name] != said)
    return Comparison(
        n_steps=len(filed.steps),
        n_compared=known,
        same_prompt=same_prompt,
        first_difference=parting,
        max_probability_difference=max(differences),
        same_logits=same_logits,
        n_candidates=n_candidates,
        differing=differing,
    )


def _float32(logits: Tensor) -> np.ndarray:
    return logits.detach().float().cpu().flatten().numpy().astype("<f4")


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()
