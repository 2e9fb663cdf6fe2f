"""Selects a token from logits: transformers' own processors in order, then a counter-based draw."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from model.decode.draw import Probabilities, draw, end_of_interval, one_token, uniform
from model.records.run import StageCount
from model.request.recipe import SamplingSettings


@dataclass(frozen=True)
class Choice:
    """One selected token and the distributions behind it.

    `probability` is the model's own, `chosen_from` the one after all stages. The token owns the interval
    [`cumulative_from`, `cumulative_to`) of its cumulative distribution, most likely tokens first; `draw` is the number
    in [0, 1) that selects it, None if greedy or forced. `tied` tokens, itself included, have its score after all
    stages: greedy takes the one with the smallest id, a draw gives them equal shares; 1 if forced.
    """

    token_id: int
    probability: Probabilities
    chosen_from: Probabilities
    draw: float | None
    cumulative_from: float
    cumulative_to: float
    stages: tuple[StageCount, ...]
    tied: int


class OccurrencePenalty(LogitsProcessor):
    """Presence and frequency penalty on the generated tokens: logit -= presence·[count > 0] + frequency·count.

    transformers has neither; the formula is that of the OpenAI API, which vLLM and llama.cpp use as well.
    """

    def __init__(self, presence: float, frequency: float, n_prompt: int):
        self.presence, self.frequency, self.n_prompt = presence, frequency, n_prompt

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        counts = torch.bincount(input_ids[0, self.n_prompt :], minlength=scores.shape[-1])
        return scores - self.presence * (counts > 0) - self.frequency * counts


def processors(settings: SamplingSettings, n_prompt: int) -> list[tuple[str, float, LogitsProcessor]]:
    """The active stages as (name, setting, processor), in `generate`'s order; presence and frequency penalty, which
    `generate` lacks, follow the repetition penalty.

    Penalties apply to greedy decoding too, temperature and filters only to sampling, as in `generate`.
    """
    s = settings
    stages: list[tuple[str, float, LogitsProcessor]] = []
    if s.repetition_penalty != 1.0:
        stages.append(
            ("repetition_penalty", s.repetition_penalty, RepetitionPenaltyLogitsProcessor(s.repetition_penalty))
        )
    if s.presence_penalty != 0.0:
        stages.append(("presence_penalty", s.presence_penalty, OccurrencePenalty(s.presence_penalty, 0.0, n_prompt)))
    if s.frequency_penalty != 0.0:
        stages.append(("frequency_penalty", s.frequency_penalty, OccurrencePenalty(0.0, s.frequency_penalty, n_prompt)))
    return stages + (_warpers(s) if s.do_sample else [])


def _warpers(s: SamplingSettings) -> list[tuple[str, float, LogitsProcessor]]:
    stages: list[tuple[str, float, LogitsProcessor]] = []
    if s.temperature != 1.0:
        stages.append(("temperature", s.temperature, TemperatureLogitsWarper(s.temperature)))
    if s.top_k > 0:
        stages.append(("top_k", float(s.top_k), TopKLogitsWarper(s.top_k)))
    if s.top_p < 1.0:
        stages.append(("top_p", s.top_p, TopPLogitsWarper(s.top_p)))
    if s.min_p > 0.0:
        stages.append(("min_p", s.min_p, MinPLogitsWarper(s.min_p)))
    if s.typical_p < 1.0:
        stages.append(("typical_p", s.typical_p, TypicalLogitsWarper(s.typical_p)))
    return stages


def process(
    logits: Tensor, ids: Sequence[int], settings: SamplingSettings, n_prompt: int
) -> tuple[Tensor, tuple[StageCount, ...]]:
    """Applies every stage to logits (vocab,): scores (vocab,), -inf where filtered out, and the effect of each stage.

    `ids` are all tokens so far; the first `n_prompt` are the prompt. Each filter keeps at least one token; top-k also
    keeps those that tie with the last one, so top_k=1 is not greedy where two tokens tie.
    """
    scores, counts = logits.float(), []
    stages = processors(settings, n_prompt)
    if not stages:
        # Greedy without penalties: no softmax over the vocabulary at each step.
        return scores, ()
    before = scores.double().softmax(-1)
    for name, setting, scores in _stage_by_stage(logits, ids, stages):
        after, kept = scores.double().softmax(-1), torch.isfinite(scores)
        counts.append(
            StageCount(
                name=name,
                setting=setting,
                kept=int(kept.sum()),
                removed=float(before[~kept].sum()),
                moved=float((after - before).abs().sum() / 2),
            )
        )
        before = after
    return scores, tuple(counts)


def next_distribution(logits: Tensor, ids: Sequence[int], settings: SamplingSettings, n_prompt: int) -> Probabilities:
    """The distribution that the token after `ids` is drawn from: as `process`, without the counts, which cost more."""
    after = [scores for _, _, scores in _stage_by_stage(logits, ids, processors(settings, n_prompt))]
    return _probabilities(after[-1] if after else logits.float(), settings)


def _stage_by_stage(
    logits: Tensor, ids: Sequence[int], stages: list[tuple[str, float, LogitsProcessor]]
) -> Iterator[tuple[str, float, Tensor]]:
    """Yields (name, setting, scores (vocab,)) after each of the `stages`."""
    input_ids, scores = torch.tensor([list(ids)]), logits.float()[None]
    for name, setting, processor in stages:
        scores = processor(cast(torch.LongTensor, input_ids), cast(torch.FloatTensor, scores))
        yield name, setting, scores[0]


def _probabilities(scores: Tensor, settings: SamplingSettings) -> Probabilities:
    """Softmax of the processed scores; in greedy decoding all weight on the largest."""
    return scores.double().softmax(-1) if settings.do_sample else one_token(int(scores.argmax()), len(scores))


@torch.inference_mode()
def choose(
    logits: Tensor,
    ids: Sequence[int],
    settings: SamplingSettings,
    n_prompt: int,
    forced_id: int | None = None,
) -> Choice:
    """Selects the token that follows `ids` from logits (vocab,): forced, greedy, or drawn from (seed, position)."""
    scores, stages = process(logits, ids, settings, n_prompt)
    chosen_from = _probabilities(scores, settings)
    number = uniform(settings.seed, len(ids)) if settings.do_sample and forced_id is None else None
    if forced_id is not None:
        token_id, upto = forced_id, end_of_interval(chosen_from, forced_id)
    else:
        token_id, upto = draw(chosen_from, number or 0.0)
    return Choice(
        token_id=token_id,
        probability=logits.double().softmax(-1),
        chosen_from=chosen_from,
        draw=number,
        cumulative_from=upto - float(chosen_from[token_id]),
        cumulative_to=upto,
        stages=stages,
        tied=1 if forced_id is not None else int((scores == scores[token_id]).sum()),
    )


def entropy_bits(probability: Tensor) -> float:
    """Expected surprisal of a distribution (vocab,), in bits (Shannon 1948)."""
    return float(torch.special.entr(probability).sum() / math.log(2))
