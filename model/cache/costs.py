"""What a forward pass computes and reads, by formula, from the sizes of the model's weights and its cache.

A multiplication and an addition are two FLOPs. A pass of m new positions over n keys takes

    2·m·(weights of the blocks) + 2·(weights of the head) + sum over layers of 2·n_heads·(d_key + d_value)·m·n

The head runs on the last position only. Everything but the matrix products (norms, softmax, activations) is left out.
A prefill's full m x n square is counted, as eager attention computes it; `least` leaves out what the causal mask and a
window hide, as fused kernels do. In a mixture of experts only the chosen experts' weights count; m positions read at
most m times as many, and no more than there are.
A latent cache (MLA, DeepSeek-V2 2024) is expanded into keys and values in every pass; that work is counted for all n.
"""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor
from torch.nn import Module
from transformers import Cache

from model.cache.check_flops import checked_costs
from model.network.anatomy import weight_of
from model.network.cache_layers import kv_layers
from model.network.experts import Experts, experts_of, unique_weights
from model.network.language_model import LanguageModel
from model.records.kv import PassCost, StepCosts
from model.run.trace import Trace
from model.runtime.present import present


@dataclass(frozen=True)
class LayerShape:
    """One layer of a KV cache: `row_bytes` is the size of a position's key and value, `d_both` is d_key + d_value.

    `expansion` is the number of weights that a position of a latent cache is multiplied by in every pass.
    """

    d_both: int
    row_bytes: int
    window: int | None
    expansion: int = 0

    def keys(self, n: int) -> int:
        """The number of keys that the last of `n` positions sees."""
        return n if self.window is None else min(n, self.window)

    def pairs(self, n: int) -> int:
        """The number of (query, key) pairs of `n` positions: each query sees the keys up to itself."""
        width = self.keys(n)
        return width * (width + 1) // 2 + (n - width) * width


@dataclass(frozen=True)
class Costs:
    """The numbers of one model that the formula needs. `weight_bytes` is the size of all weights but the experts'."""

    block_weights: int
    head_weights: int
    weight_bytes: int
    expert_bytes: int
    experts: Experts
    n_heads: int
    layers: tuple[LayerShape, ...]

    def cached(self, n_new: int, n_keys: int) -> PassCost:
        """A pass of `n_new` positions with the cache, which holds `n_keys` positions after it."""
        cache_bytes = sum(layer.keys(n_keys) * layer.row_bytes for layer in self.layers)
        keys = [n_keys if n_new > 1 else layer.keys(n_keys) for layer in self.layers]
        return PassCost(n_new, n_keys, self._flops(n_new, keys), cache_bytes, self._weight_bytes(n_new))

    def least(self, n_new: int, n_keys: int) -> PassCost:
        """The least that the same pass must compute and read: for lower bounds."""
        pairs = sum(layer.d_both * (layer.pairs(n_keys) - layer.pairs(n_keys - n_new)) for layer in self.layers)
        expansion = sum(2 * layer.expansion * (n_keys - n_new) for layer in self.layers)
        flops = self._products(n_new) + 2 * self.n_heads * pairs + expansion
        return replace(self.cached(n_new, n_keys), flops=flops, weight_bytes=self._weight_bytes(1))

    def full(self, n: int) -> PassCost:
        """A pass over all `n` positions without a cache."""
        return PassCost(n, n, self._flops(n, [n] * len(self.layers)), 0, self._weight_bytes(n))

    def _weight_bytes(self, n_new: int) -> int:
        return self.weight_bytes + self.experts.used_part(self.expert_bytes, n_new)

    def _flops(self, n_new: int, keys: list[int]) -> int:
        attention = sum(
            2 * self.n_heads * layer.d_both * n_new * n + 2 * layer.expansion * (n - n_new)
            for layer, n in zip(self.layers, keys, strict=True)
        )
        return self._products(n_new) + attention

    def _products(self, n_new: int) -> int:
        return 2 * n_new * self.block_weights + 2 * self.head_weights


def costs_of(lm: LanguageModel, cache: Cache) -> Costs:
    """The costs of a model; the shapes are read from a `cache` that has been used."""
    head, blocks, experts = lm.anatomy.head_weight, lm.anatomy.blocks, experts_of(lm.model, lm.anatomy)
    shared = [weight for module, weight in unique_weights(blocks) if id(module) not in experts.modules]
    routed = [weight for module, weight in unique_weights(blocks) if id(module) in experts.modules]
    return Costs(
        block_weights=_matrices(shared) + experts.used_part(_matrices(routed)),
        head_weights=head.numel(),
        weight_bytes=sum(weight.nbytes for weight in shared) + head.nbytes,
        expert_bytes=sum(weight.nbytes for weight in routed),
        experts=experts,
        n_heads=lm.card.n_heads,
        layers=_shapes(lm, cache),
    )


def _shapes(lm: LanguageModel, cache: Cache) -> tuple[LayerShape, ...]:
    kept = kv_layers(cache)
    # kv_b_proj is transformers' name of the matrix from the latent vector to all heads' keys and values.
    latent = [module for module in lm.anatomy.blocks.modules() if hasattr(module, "kv_b_proj")]
    if len(latent) != len(kept):
        latent = [None] * len(kept)
    return tuple(
        LayerShape(
            d_both=_latent_width(mla) if mla else keys.shape[-1] + values.shape[-1],
            row_bytes=keys[..., :1, :].nbytes + values[..., :1, :].nbytes,
            window=getattr(layer, "sliding_window", None),
            expansion=weight_of(mla.get_submodule("kv_b_proj")).numel() if mla else 0,
        )
        for (layer, keys, values), mla in zip(kept, latent, strict=True)
    )


def _latent_width(mla: Module) -> int:
    """d_key + d_value in attention, once the latent vector is expanded."""
    widths: list[Any] = [mla.qk_head_dim, mla.v_head_dim]
    return sum(widths)


def _matrices(weights: list[Tensor]) -> int:
    """The number of weights that a position is multiplied by: those in matrices, not in norms and biases."""
    return sum(weight.numel() for weight in weights if weight.ndim > 1)


def step_costs(lm: LanguageModel, trace: Trace) -> StepCosts:
    """The cost of every step of a run with the cache and without; step 0 is the prefill."""
    costs, n_prompt = costs_of(lm, present(trace.cache)), len(trace.run.tokens)
    n_steps = max(1, len(trace.logits))
    cached = tuple(costs.cached(1 if step else n_prompt, n_prompt + step) for step in range(n_steps))
    full = tuple(costs.full(n_prompt + step) for step in range(n_steps))
    found = StepCosts(n_prompt, sum(p.nbytes for p in lm.model.parameters()), cached, full)
    return checked_costs(lm, found, present(trace.cache))
