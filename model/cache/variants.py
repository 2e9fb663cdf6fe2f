"""A full KV cache beside one that forgets (a window) or rounds (8-bit floats): when their answers part.

The prompt is read whole by both, as it stands; what a cache forgets or rounds is missed from the next
position on. Tokens that a person chose are left out: both caches would have them, whatever they forget.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor
from transformers import Cache, QuantizedCache
from transformers.cache_utils import DynamicLayer
from transformers.utils.import_utils import is_hqq_available, is_optimum_quanto_available

from model.cache.race import held_bytes, pass_over
from model.decode.finish import stop_reason, text_of
from model.decode.select import select
from model.network.forward import new_cache
from model.network.language_model import LanguageModel
from model.records.kv import Variant, VariantStep
from model.records.run import Run, Tokens
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.budget import Budget
from model.runtime.present import present
from model.runtime.progress import Progress

KINDS = ("window", "fp8")


class WindowLayer(DynamicLayer):
    """Keeps `window` positions, the one being computed among them: the first `sinks`, and the newest.

    Keys keep the rotation of their true position. Xiao et al. 2023 found that a window needs the first tokens.
    """

    def __init__(self, window: int, sinks: int):
        super().__init__()
        self.window, self.sinks, self.seen = window, sinks, 0

    def update(self, key_states: Tensor, value_states: Tensor, *args, **kwargs) -> tuple[Tensor, Tensor]:
        keys, values = super().update(key_states, value_states, *args, **kwargs)
        self.seen += key_states.shape[-2]
        self.keys, self.values = self._kept(keys), self._kept(values)
        return keys, values

    def get_seq_length(self) -> int:
        return self.seen

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        held = present(self.keys).shape[-2] if self.is_initialized else 0
        return held + query_length, self.seen - held

    def _kept(self, states: Tensor) -> Tensor:
        n, newest = states.shape[-2], self.window - 1 - self.sinks
        if n < self.window:
            return states
        # A copy: a view would hold what has been forgotten.
        return torch.cat([states[..., : self.sinks, :], states[..., n - newest :, :]], dim=-2)


def quantised_backends() -> tuple[tuple[str, bool], ...]:
    """The backends of transformers' QuantizedCache, and whether each can be used here."""
    return (("fp8", True), ("quanto", is_optimum_quanto_available()), ("hqq", is_hqq_available()))


def other_cache(lm: LanguageModel, kind: str, window: int, sinks: int) -> Cache:
    """An empty cache that forgets or rounds. Raises UserError for what this model cannot have."""
    if kind not in KINDS:
        raise UserError(f"kind is {kind!r:.40}; choose one of: {', '.join(KINDS)}.")
    kinds = {type(layer) for layer in new_cache(lm).layers}
    if kinds != {DynamicLayer}:
        raise UserError("This needs full attention in every layer; this model's layers are of other kinds.")
    if kind == "fp8":
        if lm.device.type == "mps":
            raise UserError("8-bit floats do not exist on this device. Use --device cpu.")
        return QuantizedCache("fp8", lm.model.config)
    return Cache(layers=[WindowLayer(window, sinks) for _ in range(lm.card.n_layers)])


def cache_variant(
    lm: LanguageModel,
    recipe: Recipe,
    tokens: Tokens,
    budget: Budget,
    kind: str,
    n_tokens: int,
    window: int = 32,
    sinks: int = 0,
) -> Iterator[Progress | Variant]:
    """Decodes with a full cache and with another, each going on with its own tokens; yields both after each token."""
    caches = new_cache(lm), other_cache(lm, kind, window, sinks)
    runs = [Run(replace(recipe, max_new_tokens=n_tokens, forced=()), tokens) for _ in caches]
    found = Variant(kind, len(tokens), n_tokens, (), None, "", "", 0, 0)
    yield Progress("Decoding with both caches: token", 0, n_tokens)
    while not found.ended:
        logits: list[Tensor | None] = []
        for place, cache in enumerate(caches):
            following = _next_logits(lm, runs[place], cache)
            logits.append(following)
            if following is not None:
                step = select(lm, runs[place], following, 0.0)
                runs[place] = replace(runs[place], steps=(*runs[place].steps, step))
        found = _with_step(lm, found, runs, logits, late=not budget.allows())
        found = replace(found, bytes=held_bytes(caches[0]), other_bytes=held_bytes(caches[1]))
        yield found


def _next_logits(lm: LanguageModel, run: Run, cache: Cache) -> Tensor | None:
    """The logits that choose a run's next token; None when it has ended."""
    if stop_reason(lm, run).kind:
        return None
    ids = (run.steps[-1].token.id,) if run.steps else run.tokens.ids
    return pass_over(lm, ids, cache)[0]


def _with_step(lm: LanguageModel, found: Variant, runs: list[Run], logits: list[Tensor | None], late: bool) -> Variant:
    """The comparison with one more step; the logits are compared while all ids before them are the same."""
    index = len(found.steps)
    token, other = (run.steps[index].token if len(run.steps) > index else None for run in runs)
    same_before = found.first_different is None
    drift = float((present(logits[0]) - present(logits[1])).abs().max()) if same_before else None
    differ = same_before and present(token).id != present(other).id
    reasons = [stop_reason(lm, run).kind for run in runs]
    return replace(
        found,
        steps=(*found.steps, VariantStep(token, other, drift)),
        first_different=index if differ else found.first_different,
        text=text_of(runs[0].steps),
        other_text=text_of(runs[1].steps),
        ended=reasons[0] if all(reasons) else "time" if late else "",
    )
