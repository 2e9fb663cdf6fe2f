"""The formula of a pass's FLOPs is what torch counts, and its bytes are those of the tensors."""

import pytest
from torch.utils.flop_counter import FlopCounterMode

from model.cache_race import held_bytes, pass_over
from model.costs import costs_of
from model.forward import new_cache
from tests.tiny import tiny_lm


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"num_key_value_heads": 2}),
        ("gpt2", {}),
        ("mixtral", {"num_local_experts": 4, "num_key_value_heads": 2}),
    ],
)
def test_the_formula_is_what_torch_counts_on_small_models(lm, family, settings):
    """Eager attention, whose multiplications torch counts one by one; 1 % for what the formula leaves out."""
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    if family == "mixtral":
        # torch does not count the grouped multiplication that experts are computed by otherwise.
        tiny.model.set_experts_implementation("eager")
    check_formula(tiny, 0.01)


def test_the_formula_is_what_torch_counts_on_the_bundled_model(lm):
    own = lm.model.config._attn_implementation
    try:
        check_formula(lm, 0.001)
    finally:
        lm.model.set_attn_implementation(own)


def check_formula(lm, tolerance):
    cache, ids = new_cache(lm), list(range(50, 90))
    lm.model.set_attn_implementation("eager")

    def counted(ids, cache):
        with FlopCounterMode(display=False) as counter:
            pass_over(lm, ids, cache)
        return counter.get_total_flops()

    whole, first, second = counted(ids, None), counted(ids[:-1], cache), counted(ids[-1:], cache)
    costs = costs_of(lm, cache)
    assert costs.full(40).flops == pytest.approx(whole, rel=tolerance)
    assert costs.cached(39, 39).flops == pytest.approx(first, rel=tolerance)
    assert costs.cached(1, 40).flops == pytest.approx(second, rel=tolerance)
    assert costs.cached(1, 40).cache_bytes == held_bytes(cache)


def test_bytes_read_are_those_of_the_tensors(lm):
    cache = new_cache(lm)
    pass_over(lm, range(10), cache)
    cost = costs_of(lm, cache).cached(10, 10)
    assert cost.cache_bytes == sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    matrices = [p for p in lm.model.parameters() if p.ndim > 1]
    # Embedding and head are one matrix here; the final norm is all that is left out.
    assert cost.weight_bytes == sum(p.nbytes for p in lm.model.parameters()) - lm.card.d_model * 4
    assert costs_of(lm, cache).block_weights == sum(p.numel() for p in matrices) - 49_152 * 576
