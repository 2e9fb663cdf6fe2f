"""What a forward pass computes and reads, by formula, from the model's own weights and its cache's shapes.

A multiplication and an addition are two FLOPs. A pass of m new positions over n keys takes

    2·m·(weights of the blocks) + 2·(weights of the head) + sum over layers of 2·n_heads·(d_key + d_value)·m·n

The head works on the last position alone. Norms, softmax and activations are left out, as is the half of
a prefill's square that the causal mask hides: the matrices are multiplied whole. In a mixture of experts
only the chosen experts' weights count.
"""

from dataclasses import dataclass

from torch import nn
from transformers import Cache

from model.language_model import LanguageModel
from model.records_kv import PassCost, StepCosts
from model.trace import Trace


@dataclass(frozen=True)
class LayerShape:
    """One layer of a KV cache: `row_bytes` are a position's key and value, of `d_key` + `d_value` components a head."""

    d_both: int
    row_bytes: int
    window: int | None

    def keys(self, n: int) -> int:
        """How many of `n` positions a query sees."""
        return n if self.window is None else min(n, self.window)


@dataclass(frozen=True)
class Costs:
    """The numbers of one model that the formula needs."""

    block_weights: int
    head_weights: int
    weight_bytes: int
    n_heads: int
    layers: tuple[LayerShape, ...]

    def cached(self, n_new: int, n_keys: int) -> PassCost:
        """A pass of `n_new` positions that writes and reads the cache, which then holds `n_keys`."""
        read = sum(layer.keys(n_keys) * layer.row_bytes for layer in self.layers)
        seen = [n_keys if n_new > 1 else layer.keys(n_keys) for layer in self.layers]
        return PassCost(n_new, n_keys, self._flops(n_new, seen), read, self.weight_bytes)

    def full(self, n: int) -> PassCost:
        """A pass over all `n` positions that keeps nothing: no cache is read."""
        return PassCost(n, n, self._flops(n, [n] * len(self.layers)), 0, self.weight_bytes)

    def _flops(self, n_new: int, seen: list[int]) -> int:
        attention = sum(
            2 * self.n_heads * layer.d_both * n_new * keys for layer, keys in zip(self.layers, seen, strict=True)
        )
        return 2 * n_new * self.block_weights + 2 * self.head_weights + attention


def costs_of(lm: LanguageModel, cache: Cache) -> Costs:
    """The costs of a model with a cache that has been filled."""
    shapes = tuple(
        LayerShape(
            d_both=layer.keys.shape[-1] + layer.values.shape[-1],
            row_bytes=(layer.keys[..., :1, :].nbytes + layer.values[..., :1, :].nbytes),
            window=getattr(layer, "sliding_window", None),
        )
        for layer in cache.layers
        if getattr(layer, "keys", None) is not None
    )
    head = lm.anatomy.head.weight
    blocks = lm.anatomy.blocks
    return Costs(
        block_weights=multiplied(lm, blocks),
        head_weights=head.numel(),
        weight_bytes=sum(p.nbytes for p in blocks.parameters()) + head.nbytes,
        n_heads=lm.card.n_heads,
        layers=shapes,
    )


def multiplied(lm: LanguageModel, blocks: nn.Module) -> int:
    """How many weights one position is multiplied by: all matrices, of the experts only those it is sent to."""
    config = lm.model.config.get_text_config()
    n_experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    chosen = getattr(config, "num_experts_per_tok", None)
    total = 0
    for name, weight in blocks.named_parameters():
        routed = n_experts and chosen and ".experts." in f".{name}"
        total += (weight.numel() * chosen // n_experts if routed else weight.numel()) if weight.ndim > 1 else 0
    return total


def step_costs(lm: LanguageModel, trace: Trace) -> StepCosts:
    """What every step of a run costs both ways; the prefill, step 0, is the same pass."""
    costs, n_prompt = costs_of(lm, trace.cache), len(trace.run.tokens)
    n_steps = max(1, len(trace.logits))
    cached = tuple(costs.cached(1 if step else n_prompt, n_prompt + step) for step in range(n_steps))
    full = tuple(costs.full(n_prompt + step) for step in range(n_steps))
    return StepCosts(n_prompt, sum(p.nbytes for p in lm.model.parameters()), cached, full)
