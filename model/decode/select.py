"""Selects the next token of a run from its logits, as a DecodeStep."""

import math

from torch import Tensor

from model.decode.sampling import Choice, choose, entropy_bits
from model.network.language_model import LanguageModel
from model.records.run import Candidates, DecodeStep, Run
from model.runtime.timing import now
from model.tokens.describe import describe_token
from model.tokens.detokenize import advance

N_CANDIDATES = 50


def select(lm: LanguageModel, run: Run, logits: Tensor, forward_seconds: float) -> DecodeStep:
    """Selects the next token of a run from logits (vocab,): a function of logits, ids, settings and seed only."""
    started = now(lm.device)
    index = len(run.steps)
    ids = run.tokens.ids + tuple(step.token.id for step in run.steps)
    forced_id = dict(run.recipe.forced).get(index)
    choice = choose(logits, ids, run.recipe.sampling, len(run.tokens), forced_id)
    sampling_seconds = now(lm.device) - started
    token = describe_token(lm.vocabulary, choice.token_id, position=len(ids))
    waiting = run.steps[-1].waiting if run.steps else b""
    new = b"" if token.special else token.bytes
    text, waiting = advance(waiting, new, lm.vocabulary.byte_fallback)
    probability = float(choice.probability[token.id])
    return DecodeStep(
        index=index,
        token=token,
        candidates=_candidates(lm, logits, choice),
        logit=float(logits[token.id]),
        probability=probability,
        chosen_from=float(choice.chosen_from[token.id]),
        rank=int((logits > logits[token.id]).sum()) + 1,
        entropy=entropy_bits(choice.probability),
        surprisal=-math.log2(probability) if probability > 0 else math.inf,
        draw=choice.draw,
        cumulative_from=choice.cumulative_from,
        cumulative_to=choice.cumulative_to,
        stages=choice.stages,
        forced=forced_id is not None,
        forward_seconds=forward_seconds,
        sampling_seconds=sampling_seconds,
        text=text,
        waiting=waiting,
        tied=choice.tied,
    )


def _candidates(lm: LanguageModel, logits: Tensor, choice: Choice) -> Candidates:
    # `topk` orders ties as it likes; greedy takes the smallest id of them, so the smallest comes first.
    top_ids = logits.topk(min(N_CANDIDATES, len(logits))).indices.sort().values
    top_ids = top_ids[logits[top_ids].argsort(descending=True, stable=True)]
    probability = choice.probability[top_ids]
    return Candidates(
        token_ids=top_ids.numpy().copy(),
        tokens=tuple(describe_token(lm.vocabulary, i, -1) for i in top_ids.tolist()),
        logits=logits[top_ids].numpy().copy(),
        probability=probability.numpy().copy(),
        chosen_from=choice.chosen_from[top_ids].numpy().copy(),
        remainder=max(0.0, 1.0 - float(probability.sum())),
        vocabulary=len(logits),
    )
