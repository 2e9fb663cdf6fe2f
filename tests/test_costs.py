"""The formula for the FLOPs of a pass agrees with torch's count, and its bytes with the sizes of the tensors."""

import pytest
from torch.utils.flop_counter import FlopCounterMode

from model.cache.costs import costs_of
from model.cache.race import pass_over, tensor_bytes
from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.network.forward import new_cache
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from tests.test_architecture import SETTINGS
from tests.tiny import tiny_lm


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"num_key_value_heads": 2}),
        ("gpt2", {}),
        ("mixtral", {"num_local_experts": 4, "num_key_value_heads": 2}),
        ("deepseek_v3", SETTINGS["deepseek_v3"]),
        ("gpt_oss", SETTINGS["gpt_oss"]),
    ],
)
def test_the_formula_is_what_torch_counts_on_small_models(family, settings):
    """Eager attention, whose products torch counts one by one; 1 % tolerance for what the formula leaves out.

    The vocabulary is small: with a large one, the head dominates, and attention would fit into that percent.
    """
    tiny = tiny_lm(family, KINDS["whole words"]().tokenizer, **settings)
    if family not in ("llama", "gpt2"):
        # By default experts use a grouped product, which torch does not count.
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
    # A layer with a window has evicted the position that the next token does not see.
    dropped = sum(layer.row_bytes for layer in costs.layers if layer.window)
    assert costs.cached(1, 40).cache_bytes == tensor_bytes(cache) + dropped


@pytest.mark.parametrize("family", ["llama", "mistral", "mixtral"])
def test_the_least_a_pass_computes_is_what_its_positions_take_one_by_one(lm, family):
    """Token by token, no hidden (query, key) pair is multiplied; torch counts these passes."""
    window = {"sliding_window": 8} if family == "mistral" else {}
    tiny = tiny_lm(family, lm.tokenizer, num_key_value_heads=2, **window)
    if family == "mixtral":
        tiny.model.set_experts_implementation("eager")
    tiny.model.set_attn_implementation("eager")
    cache, n = new_cache(tiny), 24
    with FlopCounterMode(display=False) as counter:
        for token_id in range(50, 50 + n):
            pass_over(tiny, [token_id], cache)
    costs = costs_of(tiny, cache)
    # Each of these passes runs the head, while one pass over all positions runs it once.
    alone = counter.get_total_flops() - (n - 1) * 2 * costs.head_weights
    assert costs.least(n, n).flops == pytest.approx(alone, rel=0.01)
    assert costs.least(n, n).flops < costs.cached(n, n).flops
    assert costs.least(1, n) == costs.cached(1, n)
    # At least the experts of one token are read.
    assert costs.least(n, n).weight_bytes == costs.cached(1, n).weight_bytes


STATES = "torch counts the products of recurrent and convolutional layers in another way than the formula"


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("mamba", "this model has no attention, whose products are the measure here"),
        # A scan over chunks, one position by position, a state beside the keys in each layer, a short convolution.
        ("qwen3_next", STATES),
        ("jamba", STATES),
        ("falcon_h1", STATES),
        ("lfm2", STATES),
    ],
)
@pytest.mark.slow
def test_the_flops_of_a_model_with_states_are_not_held_against_the_count(family, reason):
    tokenizer = KINDS["whole words"]().tokenizer
    engine = LocalEngine(assemble(pair(family, len(tokenizer))[0], tokenizer, f"tiny {family}"))
    recipe = Recipe("the cat sat on the mat", max_new_tokens=3)
    list(engine.run(recipe))
    checks = engine.cache.step_costs(recipe).checks
    assert [(check.made, check.how) for check in checks] == [(False, reason)] * 2


def test_bytes_read_are_those_of_the_tensors(lm):
    cache = new_cache(lm)
    pass_over(lm, range(10), cache)
    cost = costs_of(lm, cache).cached(10, 10)
    assert cost.cache_bytes == sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    matrices = [p for p in lm.model.parameters() if p.ndim > 1]
    # Embedding and head are tied here; only the final norm is left out.
    assert cost.weight_bytes == sum(p.nbytes for p in lm.model.parameters()) - lm.card.d_model * 4
    assert costs_of(lm, cache).block_weights == sum(p.numel() for p in matrices) - 49_152 * 576


def test_a_token_reads_the_experts_it_is_sent_to_and_many_tokens_read_all(lm):
    tiny = tiny_lm("mixtral", lm.tokenizer, num_local_experts=8, num_key_value_heads=2)
    cache = new_cache(tiny)
    pass_over(tiny, range(10), cache)
    costs, table = costs_of(tiny, cache), tiny.model.get_input_embeddings().weight
    everything = sum(p.nbytes for p in tiny.model.parameters()) - table.nbytes - tiny.card.d_model * 4
    experts = sum(p.nbytes for name, p in tiny.model.named_parameters() if ".experts." in name)
    assert tiny.model.config.num_experts_per_tok == 2
    assert costs.cached(1, 10).weight_bytes == everything - experts * 6 // 8
    assert costs.cached(3, 10).weight_bytes == everything - experts * 2 // 8
    assert costs.cached(10, 10).weight_bytes == everything
    assert 4 * tiny.card.n_active == everything - experts * 6 // 8 + table.nbytes + tiny.card.d_model * 4
