"""Checks the numbers of one generated token, as its bars show them, by a second route: numpy from the logits.

The sampler's stages are computed anew from their definitions, in the order of `generate`: penalties, temperature, top-k
(Fan et al. 2018), top-p (Holtzman et al. 2020), min-p (Nguyen et al. 2024), locally typical (Meister et al. 2023).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from model.records.run import Check, DecodeStep
from model.request.recipe import SamplingSettings
from model.runtime.present import present

Logits = Float[np.ndarray, " vocab"]
Shares = Float64[np.ndarray, " vocab"]
SOFTMAX, BITS = "bars = softmax again", "entropy and surprisal in bits"
DRAWN_FROM, DRAW = "drawn from = sampler again", "drawn number in the token's interval"
# Shares are computed in float32 by the sampler, and sent with seven digits.
TOLERANCE = 1e-5


def step_checks(
    step: DecodeStep, logits: Logits, ids: Sequence[int], settings: SamplingSettings, n_prompt: int
) -> tuple[Check, ...]:
    """Compares a step's probabilities, bits, sampled distribution and draw with those that follow from its logits.

    `ids` are all tokens before the step, the first `n_prompt` of them the prompt.
    """
    p = _softmax(logits.astype(np.float64))
    left = sampled(logits, np.array(ids), settings, n_prompt)
    checks = (_softmax_check(step, p), _bits_check(step, p), _sampler_check(step, left))
    return checks if step.draw is None else (*checks, _draw_check(step, left))


def sampled(logits: Logits, ids: np.ndarray, settings: SamplingSettings, n_prompt: int) -> Shares:
    """The distribution that the token after `ids` is drawn from."""
    scores = _penalised(logits.astype(np.float64), ids, settings, n_prompt)
    if not settings.do_sample:
        return (np.arange(len(scores)) == scores.argmax()).astype(np.float64)
    scores = scores / settings.temperature
    if settings.top_k > 0:
        scores = _kept(scores, scores >= np.sort(scores)[-min(settings.top_k, len(scores))])
    if settings.top_p < 1.0:
        shares = _softmax(scores)
        scores = _kept(scores, _nucleus(shares, -shares, settings.top_p))
    if settings.min_p > 0.0:
        shares = _softmax(scores)
        scores = _kept(scores, shares >= settings.min_p * shares.max())
    if settings.typical_p < 1.0:
        shares = _softmax(scores)
        unusual = np.where(shares > 0, np.abs(_surprisal(shares) - _entropy(shares)), np.inf)
        scores = _kept(scores, _nucleus(shares, unusual, settings.typical_p))
    return _softmax(scores)


def _penalised(scores: Shares, ids: np.ndarray, settings: SamplingSettings, n_prompt: int) -> Shares:
    seen, factor = np.unique(ids), settings.repetition_penalty
    scores[seen] = np.where(scores[seen] < 0, scores[seen] * factor, scores[seen] / factor)
    counts = np.bincount(ids[n_prompt:], minlength=len(scores))
    return scores - settings.presence_penalty * (counts > 0) - settings.frequency_penalty * counts


def _nucleus(shares: Shares, rank_by: Shares, mass: float) -> np.ndarray:
    """True for the tokens, in the order of `rank_by`, until their shares make up `mass`; the one that does is kept."""
    order = np.argsort(rank_by, kind="stable")
    upto = np.cumsum(shares[order])
    kept = np.zeros(len(shares), bool)
    kept[order] = upto - shares[order] < mass
    return kept


def _kept(scores: Shares, kept: np.ndarray) -> Shares:
    return np.where(kept, scores, -np.inf)


def _softmax(scores: Shares) -> Shares:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def _surprisal(shares: Shares) -> Shares:
    """In bits; 0 where a share is 0, which counts nothing in an expectation."""
    return -np.log2(shares, out=np.zeros_like(shares), where=shares > 0)


def _entropy(shares: Shares) -> float:
    return float((shares * _surprisal(shares)).sum())


def _softmax_check(step: DecodeStep, p: Shares) -> Check:
    shown = step.candidates
    errors = [
        *np.abs(p[shown.token_ids] - shown.probability),
        abs(p[step.token.id] - step.probability),
        abs(1.0 - p[shown.token_ids].sum() - shown.remainder),
    ]
    how = f"largest difference of a probability from the softmax over all {len(p):,} logits, done again in float64"
    return Check(SOFTMAX, float(max(errors)), TOLERANCE, how)


def _bits_check(step: DecodeStep, p: Shares) -> Check:
    errors = [abs(step.entropy - _entropy(p))]
    if p[step.token.id] > 0:
        errors.append(abs(step.surprisal + float(np.log2(p[step.token.id]))))
    how = "the larger difference of entropy and surprisal from -Σ p log2 p and -log2 p, of the softmax done again"
    return Check(BITS, max(errors), TOLERANCE, how)


def _sampler_check(step: DecodeStep, left: Shares) -> Check:
    shown = step.candidates
    errors = [*np.abs(left[shown.token_ids] - shown.chosen_from), abs(left[step.token.id] - step.chosen_from)]
    how = (
        "largest difference of a probability after the sampling settings from all stages computed again: penalties, "
        "temperature, top-k, top-p, min-p, typical"
    )
    return Check(DRAWN_FROM, float(max(errors)), TOLERANCE, how)


def _draw_check(step: DecodeStep, left: Shares) -> Check:
    """How far the drawn number lies outside the token's own interval, most likely tokens first."""
    mine = left[step.token.id]
    before = float(left[left > mine].sum() + left[: step.token.id][left[: step.token.id] == mine].sum())
    drawn = present(step.draw)
    outside = max(before - drawn, drawn - before - mine, 0.0)
    how = f"how far {drawn:.3g} lies outside of this token's interval, {before:.3g} to {before + mine:.3g}"
    return Check(DRAW, float(outside), TOLERANCE, how)
