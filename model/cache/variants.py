"""Compares decoding with a full KV cache and with one that evicts (a window) or quantises (8-bit floats).

Both prefill the whole prompt exactly; eviction or rounding has an effect from the next position on. Forced tokens are
ignored: they would be the same on both sides, whatever the caches lose.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor
from transformers import Cache, QuantizedCache
from transformers.cache_utils import DynamicLayer
from transformers.utils.import_utils import is_hqq_available, is_optimum_quanto_available

from model.cache.race import pass_over, tensor_bytes
from model.decode.finish import stop_reason, text_of_steps
from model.decode.select import select
from model.network.forward import new_cache
from model.network.language_model import LanguageModel
from model.records.kv import Variant, VariantStep
from model.records.progress import Progress
from model.records.run import Run, Tokens
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.budget import Budget
from model.runtime.present import present

KINDS = ("window", "fp8")


class WindowLayer(DynamicLayer):
    """Keeps `window` positions, including the current one: the first `sinks`, and the latest.

    Keys keep the rotation of their true position. Xiao et al. 2023 found that a window needs the first tokens.
    """

    def __init__(self, window: int, sinks: int):
        super().__init__()
        self.window, self.sinks, self.n_positions = window, sinks, 0

    def update(self, key_states: Tensor, value_states: Tensor, *args, **kwargs) -> tuple[Tensor, Tensor]:
        keys, values = super().update(key_states, value_states, *args, **kwargs)
        self.n_positions += key_states.shape[-2]
        self.keys, self.values = self._evict(keys), self._evict(values)
        return keys, values

    def get_seq_length(self) -> int:
        return self.n_positions

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        n_cached = present(self.keys).shape[-2] if self.is_initialized else 0
        return n_cached + query_length, self.n_positions - n_cached

    def _evict(self, states: Tensor) -> Tensor:
        n, n_latest = states.shape[-2], self.window - 1 - self.sinks
        if n < self.window:
            return states
        # A copy: a view would keep the evicted positions in memory.
        return torch.cat([states[..., : self.sinks, :], states[..., n - n_latest :, :]], dim=-2)


def quantised_backends() -> tuple[tuple[str, bool], ...]:
    """The backends of transformers' QuantizedCache, and whether each can be used here."""
    return (("fp8", True), ("quanto", is_optimum_quanto_available()), ("hqq", is_hqq_available()))


def other_cache(lm: LanguageModel, kind: str, window: int, sinks: int) -> Cache:
    """An empty cache that evicts or quantises. Raises UserError for a kind that this model does not support."""
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
    """Decodes with a full cache and with another; each continues with its own tokens. Yields both after each token."""
    caches = new_cache(lm), other_cache(lm, kind, window, sinks)
    runs = [Run(replace(recipe, max_new_tokens=n_tokens, forced=()), tokens) for _ in caches]
    variant = Variant(kind, len(tokens), n_tokens, (), None, "", "", 0, 0)
    yield Progress("Decoding with both caches: token", 0, n_tokens)
    while not variant.ended:
        logits: list[Tensor | None] = []
        for place, cache in enumerate(caches):
            following = _next_logits(lm, runs[place], cache)
            logits.append(following)
            if following is not None:
                step = select(lm, runs[place], following, 0.0)
                runs[place] = replace(runs[place], steps=(*runs[place].steps, step))
        variant = _with_step(lm, variant, runs, logits, is_late=not budget.allows())
        variant = replace(variant, bytes=tensor_bytes(caches[0]), other_bytes=tensor_bytes(caches[1]))
        yield variant


def _next_logits(lm: LanguageModel, run: Run, cache: Cache) -> Tensor | None:
    """The logits (vocab,) for a run's next token; None if it has ended."""
    if stop_reason(lm, run).kind:
        return None
    ids = (run.steps[-1].token.id,) if run.steps else run.tokens.ids
    return pass_over(lm, ids, cache)[0]


def _with_step(
    lm: LanguageModel, variant: Variant, runs: list[Run], logits: list[Tensor | None], is_late: bool
) -> Variant:
    """Adds one step to the comparison; logits are compared as long as all ids before them are the same."""
    index = len(variant.steps)
    token, other = (run.steps[index].token if len(run.steps) > index else None for run in runs)
    same_before = variant.first_different is None
    drift = float((present(logits[0]) - present(logits[1])).abs().max()) if same_before else None
    differ = same_before and present(token).id != present(other).id
    reasons = [stop_reason(lm, run).kind for run in runs]
    return replace(
        variant,
        steps=(*variant.steps, VariantStep(token, other, drift)),
        first_different=index if differ else variant.first_different,
        text=text_of_steps(runs[0].steps),
        other_text=text_of_steps(runs[1].steps),
        ended=reasons[0] if all(reasons) else "time" if is_late else "",
    )
