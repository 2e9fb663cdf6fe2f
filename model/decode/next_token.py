"""The distribution over the vocabulary that a token is drawn from, most likely tokens first."""

import torch

from model.decode.sampling import process
from model.network.language_model import LanguageModel
from model.records.decode import Distribution
from model.request.errors import UserError
from model.request.validate import require_integer
from model.run.trace import Trace
from model.tokens.describe import describe_token


def step_distribution(lm: LanguageModel, trace: Trace, index: int, k: int) -> Distribution:
    """The `k` most likely tokens for generated token `index`, after the recipe's penalties, temperature and filters.

    Tokens that a filter removed have probability 0; they follow the others, ordered by logit.
    """
    require_integer("k", k, 1, lm.card.n_vocab, "k counts tokens of the vocabulary")
    logits = step_logits(trace, index)
    ids = trace.run.tokens.ids + tuple(step.token.id for step in trace.run.steps[:index])
    scores, _ = process(logits, ids, trace.recipe.sampling, len(trace.run.tokens))
    probability = scores.double().softmax(-1)
    by_logit = logits.argsort(descending=True, stable=True)
    order = by_logit[probability[by_logit].argsort(descending=True, stable=True)][:k]
    return Distribution(
        token_ids=order.numpy().copy(),
        texts=tuple(describe_token(lm.vocabulary, i, -1).text for i in order.tolist()),
        logits=logits[order].numpy().copy(),
        probability=probability[order].numpy().copy(),
    )


def step_logits(trace: Trace, index: int) -> torch.Tensor:
    """The raw logits (vocab,) that generated token `index` was chosen from. Raises UserError if it does not exist."""
    if not 0 <= index < len(trace.logits):
        raise UserError(
            f"Step {index} has not been computed; this run has steps 0 to {len(trace.logits) - 1}. "
            "Decode further first."
        )
    return trace.logits[index]
