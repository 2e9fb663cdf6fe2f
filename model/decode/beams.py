"""Beam search over a prompt with transformers' own `generate`; each beam is a recipe, so that it can be a branch."""

import math
from dataclasses import replace

import torch
from transformers import GenerationConfig

from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.decode import Beam, Beams
from model.records.run import Check, Tokens
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.runtime.timing import now
from model.tokens.describe import describe_token
from model.tokens.detokenize import text_of_ids

MAX_BEAMS = 8
MAX_TOKENS = 40
SCORE = "a beam's score"


@torch.inference_mode()
def beam_search(lm: LanguageModel, recipe: Recipe, tokens: Tokens, num_beams: int, max_new_tokens: int) -> Beams:
    """The `num_beams` best continuations found by `generate(num_beams=…)`. Raises UserError outside the limits.

    It uses the model's own probabilities; the recipe's sampling settings and penalties have no effect.
    """
    require_integer("num_beams", num_beams, 2, MAX_BEAMS, "each beam is one more row of the batch")
    require_integer("max_new_tokens", max_new_tokens, 1, MAX_TOKENS, "search a shorter continuation")
    ids = torch.tensor([tokens.ids], device=lm.device)
    with lm.lock:
        started = now(lm.device)
        # Typed as an attribute of any module. A config of its own: `generate` fills what is missing from the model's
        # generation config, which holds only special ids since load.
        out = lm.model.generate(  # pyright: ignore[reportCallIssue]
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=GenerationConfig(
                do_sample=False,
                num_beams=num_beams,
                num_return_sequences=num_beams,
                max_new_tokens=max_new_tokens,
                return_dict_in_generate=True,
                output_scores=True,
                use_cache=not lm.card.uncached,
            ),
        )
        seconds = now(lm.device) - started
    beam_ids = [_until_end(lm, row[len(tokens) :].tolist()) for row in out.sequences]
    surprisals = [_surprisal(lm, tokens, ids) for ids in beam_ids]
    beams = tuple(
        _beam(lm, recipe, tokens, ids, bits, float(score))
        for ids, (bits, _), score in zip(beam_ids, surprisals, out.sequences_scores, strict=True)
    )
    return Beams(beams, seconds, _check(lm, beams, max(largest for _, largest in surprisals)))


def _until_end(lm: LanguageModel, ids: list[int]) -> list[int]:
    """A beam's ids up to its end token; what follows is padding."""
    ends = [place for place, token_id in enumerate(ids) if token_id in lm.card.eos_token_ids]
    return ids[: ends[0] + 1] if ends else ids


def _surprisal(lm: LanguageModel, tokens: Tokens, beam: list[int]) -> tuple[tuple[float, ...], float]:
    """The surprisal in bits of each of a beam's tokens, given all before it, and the largest logit in the pass."""
    ids = torch.tensor([[*tokens.ids, *beam[:-1]]], device=lm.device)
    with lm.lock:
        logits = lm.model(ids, use_cache=False, logits_to_keep=len(beam)).logits[0, -len(beam) :].cpu()
    logprobs = logits.double().log_softmax(-1).gather(1, torch.tensor(beam)[:, None])[:, 0]
    return tuple((-logprobs / math.log(2)).tolist()), float(logits.abs().max())


def _beam(
    lm: LanguageModel, recipe: Recipe, tokens: Tokens, ids: list[int], bits: tuple[float, ...], score: float
) -> Beam:
    # Beam search ignores stop strings, and one would cut the beam's run.
    forced = replace(recipe, forced=tuple(enumerate(ids)), max_new_tokens=len(ids), stop=())
    beam_tokens = tuple(
        describe_token(lm.vocabulary, token_id, len(tokens) + place) for place, token_id in enumerate(ids)
    )
    text = text_of_ids(lm.vocabulary, ids, tokens.ids)
    return Beam(forced, beam_tokens, bits, text, ids[-1] in lm.card.eos_token_ids, score)


def _check(lm: LanguageModel, beams: tuple[Beam, ...], largest: float) -> Check:
    """Compares the scores from `generate` with the mean log-probabilities from separate passes."""
    error = max(abs(beam.score + math.log(2) * sum(beam.surprisal) / len(beam.tokens)) for beam in beams)
    how = "largest difference from the mean log-probability of its tokens, by one pass over prompt and beam"
    return Check(SCORE, error, LOGIT_TOLERANCE[lm.dtype] * largest, how)
