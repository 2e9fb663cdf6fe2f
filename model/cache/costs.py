"""What a forward pass computes and reads, by formula, from the model's own weights and its cache's shapes.

A multiplication and an addition are two FLOPs. A pass of m new positions over n keys takes

    2·m·(weights of the blocks) + 2·(weights of the head) + sum over layers of 2·n_heads·(d_key + d_value)·m·n

The head works on the last position alone. Norms, softmax and activations are left out. A prefill's square counts
whole, as eager attention multiplies it; `least` leaves out what the causal mask and a window hide, as fused kernels
do. In a mixture of experts only the chosen experts' weights count; m positions read at most m times as many, and no
more than there are.
A latent cache (MLA, DeepSeek-V2 2024) is unfolded into keys and values at every pass: that work is counted for all n.
"""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor
from torch.nn import Module
from transformers import Cache

from model.network.anatomy import weight_of
from model.network.cache_layers import held_layers
from model.network.experts import Experts, experts_of, unique_weights
from model.network.language_model import LanguageModel
from model.records.kv import PassCost, StepCosts
from model.run.trace import Trace
from model.runtime.present import present


@dataclass(frozen=True)
class LayerShape:
    """One layer of a KV cache: `row_bytes` are a position's key and value, of `d_key` + `d_value` components a head.

    `unfolding` are the weights that a position of a latent cache is multiplied by, at every pass.
    """

    d_both: int
    row_bytes: int
    window: int | None
    unfolding: int = 0

    def keys(self, n: int) -> int:
        """How many of `n` positions a query sees."""
        return n if self.window is None else min(n, self.window)

    def pairs(self, n: int) -> int:
        """How many keys `n` queries see in all, each of them those up to itself."""
        most = self.keys(n)
        return most * (most + 1) // 2 + (n - most) * most


@dataclass(frozen=True)
class Costs:
    """The numbers of one model that the formula needs. `weight_bytes` are those of all but the experts."""

    block_weights: int
    head_weights: int
    weight_bytes: int
    expert_bytes: int
    experts: Experts
    n_heads: int
    layers: tuple[LayerShape, ...]

    def cached(self, n_new: int, n_keys: int) -> PassCost:
        """A pass of `n_new` positions that writes and reads the cache, which then holds `n_keys`."""
        read = sum(layer.keys(n_keys) * layer.row_bytes for layer in self.layers)
        seen = [n_keys if n_new > 1 else layer.keys(n_keys) for layer in self.layers]
        return PassCost(n_new, n_keys, self._flops(n_new, seen), read, self._read(n_new))

    def least(self, n_new: int, n_keys: int) -> PassCost:
        """The same pass with nothing in it that could be left out: for a bound that holds."""
        seen = sum(layer.d_both * (layer.pairs(n_keys) - layer.pairs(n_keys - n_new)) for layer in self.layers)
        unfolding = sum(2 * layer.unfolding * (n_keys - n_new) for layer in self.layers)
        flops = self._products(n_new) + 2 * self.n_heads * seen + unfolding
        return replace(self.cached(n_new, n_keys), flops=flops, weight_bytes=self._read(1))

    def full(self, n: int) -> PassCost:
        """A pass over all `n` positions that keeps nothing: no cache is read."""
        return PassCost(n, n, self._flops(n, [n] * len(self.layers)), 0, self._read(n))

    def _read(self, n_new: int) -> int:
        return self.weight_bytes + self.experts.passed(self.expert_bytes, n_new)

    def _flops(self, n_new: int, seen: list[int]) -> int:
        attention = sum(
            2 * self.n_heads * layer.d_both * n_new * keys + 2 * layer.unfolding * (keys - n_new)
            for layer, keys in zip(self.layers, seen, strict=True)
        )
        return self._products(n_new) + attention

    def _products(self, n_new: int) -> int:
        return 2 * n_new * self.block_weights + 2 * self.head_weights


def costs_of(lm: LanguageModel, cache: Cache) -> Costs:
    """The costs of a model with a cache that has been filled."""
    head, blocks, experts = lm.anatomy.head_weight, lm.anatomy.blocks, experts_of(lm.model, lm.anatomy)
    everyone = [weight for module, weight in unique_weights(blocks) if id(module) not in experts.modules]
    routed = [weight for module, weight in unique_weights(blocks) if id(module) in experts.modules]
    return Costs(
        block_weights=_matrices(everyone) + experts.passed(_matrices(routed)),
        head_weights=head.numel(),
        weight_bytes=sum(weight.nbytes for weight in everyone) + head.nbytes,
        expert_bytes=sum(weight.nbytes for weight in routed),
        experts=experts,
        n_heads=lm.card.n_heads,
        layers=_shapes(lm, cache),
    )


def _shapes(lm: LanguageModel, cache: Cache) -> tuple[LayerShape, ...]:
    kept = held_layers(cache)
    # What transformers calls the matrix from the latent vector to all heads' keys and values.
    unfolding = [module for module in lm.anatomy.blocks.modules() if hasattr(module, "kv_b_proj")]
    if len(unfolding) != len(kept):
        unfolding = [None] * len(kept)
    return tuple(
        LayerShape(
            d_both=_latent_width(mla) if mla else keys.shape[-1] + values.shape[-1],
            row_bytes=keys[..., :1, :].nbytes + values[..., :1, :].nbytes,
            window=getattr(layer, "sliding_window", None),
            unfolding=weight_of(mla.get_submodule("kv_b_proj")).numel() if mla else 0,
        )
        for (layer, keys, values), mla in zip(kept, unfolding, strict=True)
    )


def _latent_width(mla: Module) -> int:
    """How many numbers of a query and a value attention computes with, once the latent vector is unfolded."""
    widths: list[Any] = [mla.qk_head_dim, mla.v_head_dim]
    return sum(widths)


def _matrices(weights: list[Tensor]) -> int:
    """How many of the weights a position is multiplied by: those of matrices, not of norms and biases."""
    return sum(weight.numel() for weight in weights if weight.ndim > 1)


def step_costs(lm: LanguageModel, trace: Trace) -> StepCosts:
    """What every step of a run costs both ways; the prefill, step 0, is the same pass."""
    costs, n_prompt = costs_of(lm, present(trace.cache)), len(trace.run.tokens)
    n_steps = max(1, len(trace.logits))
    cached = tuple(costs.cached(1 if step else n_prompt, n_prompt + step) for step in range(n_steps))
    full = tuple(costs.full(n_prompt + step) for step in range(n_steps))
    return StepCosts(n_prompt, sum(p.nbytes for p in lm.model.parameters()), cached, full)
