"""Beam search over a prompt: transformers' own, each beam a continuation that can become a branch."""

from dataclasses import dataclass

import torch

from model.language_model import LanguageModel
from model.records import Token, Tokens
from model.timing import now
from model.tokens import describe
from model.validate import require_integer

MAX_BEAMS = 8
MAX_TOKENS = 40


@dataclass(frozen=True)
class Beam:
    """One continuation. `score` is the sum of its log-probabilities over its length, by which beams compete."""

    tokens: tuple[Token, ...]
    score: float


@dataclass(frozen=True)
class Beams:
    """The beams of one search, best first, and what it took."""

    beams: tuple[Beam, ...]
    seconds: float


@torch.inference_mode()
def beam_search(lm: LanguageModel, tokens: Tokens, num_beams: int, max_new_tokens: int) -> Beams:
    """The `num_beams` best continuations by `generate(num_beams=…)`. Raises UserError outside the limits."""
    require_integer("num_beams", num_beams, 2, MAX_BEAMS, "each beam is one more row of the batch")
    require_integer("max_new_tokens", max_new_tokens, 1, MAX_TOKENS, "search a shorter continuation")
    ids = torch.tensor([tokens.ids], device=lm.device)
    with lm.lock:
        started = now(lm.device)
        out = lm.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            num_beams=num_beams,
            num_return_sequences=num_beams,
            max_new_tokens=max_new_tokens,
            return_dict_in_generate=True,
            output_scores=True,
        )
        seconds = now(lm.device) - started
    beams = tuple(
        Beam(_described(lm, row[len(tokens) :].tolist(), len(tokens)), float(score))
        for row, score in zip(out.sequences, out.sequences_scores, strict=True)
    )
    return Beams(beams, seconds)


def _described(lm: LanguageModel, ids: list[int], start: int) -> tuple[Token, ...]:
    """A beam's tokens up to its end token: what follows is padding."""
    ends = [place for place, token_id in enumerate(ids) if token_id in lm.card.eos_token_ids]
    ids = ids[: ends[0] + 1] if ends else ids
    return tuple(describe(lm.vocabulary, token_id, start + place) for place, token_id in enumerate(ids))
