"""Logits to the selected token: transformers' own processors, one after another, and a counter-based draw."""

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from model.recipe import SamplingSettings
from model.records import StageCount


@dataclass(frozen=True)
class Choice:
    """One selected token and what it was selected from. Distributions are float64 (vocab,)."""

    token_id: int
    probability: Tensor
    chosen_from: Tensor
    draw: float | None
    cumulative_from: float
    cumulative_to: float
    stages: tuple[StageCount, ...]


def uniform(seed: int, position: int) -> float:
    """The uniform number in [0, 1) that belongs to a position: a function, so a step can be repeated anywhere."""
    digest = hashlib.blake2b(f"{seed}:{position}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


def processors(settings: SamplingSettings) -> list[tuple[str, float, LogitsProcessor]]:
    """The stages that are switched on, in `generate`'s order: (name, setting, processor)."""
    stages: list[tuple[str, float, LogitsProcessor]] = []
    if settings.temperature != 1.0:
        stages.append(
            ("temperature", settings.temperature, TemperatureLogitsWarper(settings.temperature))
        )
    if settings.top_k > 0:
        stages.append(("top_k", float(settings.top_k), TopKLogitsWarper(settings.top_k)))
    if settings.top_p < 1.0:
        stages.append(("top_p", settings.top_p, TopPLogitsWarper(settings.top_p)))
    return stages


def process(
    logits: Tensor, ids: Tensor, settings: SamplingSettings
) -> tuple[Tensor, tuple[StageCount, ...]]:
    """Logits (vocab,) through every stage: processed scores (vocab,) and what each stage removed."""
    scores, counts = logits.float()[None], []
    for name, setting, processor in processors(settings):
        before = scores.double().softmax(-1)
        scores = processor(ids[None], scores)
        kept = torch.isfinite(scores)
        counts.append(StageCount(name, setting, int(kept.sum()), float(before[~kept].sum())))
    return scores[0], tuple(counts)


@torch.inference_mode()
def choose(
    logits: Tensor,
    ids: Tensor,
    settings: SamplingSettings,
    position: int,
    forced_id: int | None = None,
) -> Choice:
    """Selects the token for `position` from logits (vocab,): forced, greedy, or drawn from (seed, position)."""
    probability = logits.double().softmax(-1)
    if settings.do_sample:
        scores, stages = process(logits, ids, settings)
        chosen_from = scores.double().softmax(-1)
    else:
        stages, chosen_from = (), torch.zeros_like(probability)
        chosen_from[logits.argmax()] = 1.0
    order = chosen_from.argsort(descending=True, stable=True)
    upto = chosen_from[order].cumsum(-1)
    draw = None
    if forced_id is not None:
        place = int((order == forced_id).nonzero())
    elif settings.do_sample:
        draw = uniform(settings.seed, position)
        # Rounding may leave the sum just under 1: the last token with a share takes the gap.
        n_kept = int((chosen_from > 0).sum())
        place = min(int(torch.searchsorted(upto, draw, right=True)), n_kept - 1)
    else:
        place = 0
    token_id = int(order[place])
    share = float(chosen_from[token_id])
    return Choice(
        token_id=token_id,
        probability=probability,
        chosen_from=chosen_from,
        draw=draw,
        cumulative_from=float(upto[place]) - share,
        cumulative_to=float(upto[place]),
        stages=stages,
    )


def entropy_bits(probability: Tensor) -> float:
    """Expected surprisal of a distribution (vocab,), in bits (Shannon 1948)."""
    return float(torch.special.entr(probability).sum() / math.log(2))
