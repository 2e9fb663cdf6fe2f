"""Checks the prompt's surprisal at one token, by a pass that ends before it and so cannot have seen it."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from model.network.eager import full_logits
from model.network.language_model import LanguageModel
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.run import Check

SURPRISAL = "surprisal by a pass that ends before"
# So that the pass is short; the logits of a position do not depend on what follows.
LAST_CHECKED = 32


def surprisal_check(lm: LanguageModel, bits: Float[np.ndarray, " position"], ids: Sequence[int]) -> Check:
    """Compares the bits of one token, the last of the first few, with -log2 of its share after those before it."""
    place = min(len(ids) - 1, LAST_CHECKED)
    with lm.lock:
        logits = full_logits(lm, ids[:place]).double()
    right = -float(logits.log_softmax(-1)[ids[place]]) / math.log(2)
    largest = float(logits.abs().max())
    how = (
        f"the bits of token {place} against -log2 of its probability in a pass over the {place} before it: {right:.3g}"
        f"; the largest logit there is {largest:.3g}"
    )
    # Both the token's own logit and the sum over all may be off.
    tolerance = 2 * LOGIT_TOLERANCE[lm.dtype] * largest / math.log(2)
    return Check(SURPRISAL, abs(float(bits[place]) - right), tolerance, how)
