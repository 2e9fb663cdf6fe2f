"""What a head adds, in families that gate, normalise or mix the heads' values before W_O, or keep W_O elsewhere.

The second route is transformers' own eager pass over a second instance with the same weights.
"""

import sys

import pytest
import torch
from numpy.testing import assert_allclose

from model.attention.find_output import MIXED, NOT_FOUND, REPEATED, output_of
from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.sweep_family import head_error
from tests.sweep_pair import Plain, pair
from tests.sweep_views import last_of

# It makes a model of each kind of output twice.
pytestmark = pytest.mark.slow

RECIPE = Recipe("the quick brown fox jumps over the lazy dog and naïve singers", max_new_tokens=4)
# (layer, the name of W_O in the family's own code)
GATED = {
    "qwen3_next": (1, "model.layers.1.self_attn.o_proj"),
    "afmoe": (0, "model.layers.0.self_attn.o_proj"),
    "laguna": (1, "model.layers.1.self_attn.o_proj"),
}
NORMED = {"bitnet": (1, "model.layers.1.self_attn.o_proj")}
ELSEWHERE = {"bert": (0, "bert.encoder.layer.0.attention.output.dense")}


@pytest.fixture(scope="module")
def walked():
    """(engine, the second instance) of a family after a run, made on first use."""
    made = {}
    tokenizer = KINDS["whole words"]().tokenizer

    def get(family):
        if family not in made:
            model, plain = pair(family, len(tokenizer))
            engine = LocalEngine(assemble(model, tokenizer, f"tiny {family}"))
            last_of(engine.run(RECIPE))
            made[family] = engine, Plain(plain, engine.trace(RECIPE).fed_ids)
        return made[family]

    return get


@pytest.mark.parametrize(
    ("family", "layer", "name"), [(f, *place) for f, place in (GATED | NORMED | ELSEWHERE).items()]
)
def test_the_parts_of_the_heads_sum_to_what_the_models_w_o_gives(walked, family, layer, name):
    engine, theirs = walked(family)
    entry, output = theirs.through(name)
    bias = theirs.model.get_submodule(name).bias
    n_heads = engine.trace(RECIPE).capture.layers[layer].n_heads
    for query in (0, 7, theirs.n - 1):
        found = [engine.attention.one_head(RECIPE, layer, head, query) for head in range(n_heads)]
        size = float(output[query].abs().max())
        parts = sum(one.output.part for one in found) + (0 if bias is None else bias.detach().numpy())
        assert_allclose(found[0].output.w_o_out, output[query], atol=1e-5 * size)
        assert_allclose(parts, output[query], atol=1e-5 * size)
        own = entry[query].unflatten(-1, (n_heads, -1))
        for head, one in enumerate(found):
            assert_allclose(one.output.entry, own[head], atol=1e-5 * float(entry[query].abs().max()))
        assert_allclose(found[0].output.shares.sum() + found[0].output.bias_share, 1, atol=1e-4)


@pytest.mark.parametrize("family", [*GATED, *NORMED])
def test_where_the_model_changes_z_the_card_says_so_and_its_checks_pass(walked, family):
    engine, _ = walked(family)
    layer = (GATED | NORMED)[family][0]
    one = engine.attention.one_head(RECIPE, layer, 1, 6)
    assert one.output.changed
    assert abs(one.output.entry - one.mix.z).max() > 1e-3
    found = engine.attention.check_head(RECIPE, layer, 1, 6, 2)
    assert found.steps == ("pair", "softmax", "mix", "output")
    assert all(check.passed for check in found.checks), found.checks


@pytest.mark.parametrize("family", [*GATED, *NORMED])
def test_a_head_is_held_against_what_the_model_gives_without_it(walked, family):
    """Silencing all other heads in the model itself leaves W_O's input at zero outside the head's own slice."""
    engine, theirs = walked(family)
    layer, name = (GATED | NORMED)[family]
    n_heads = engine.trace(RECIPE).capture.layers[layer].n_heads
    attention = theirs.model.get_submodule(name.rpartition(".")[0])
    module = sys.modules[type(attention).__module__]
    own = module.eager_attention_forward

    def silenced(owner, *args, **kwargs):
        z, weights = own(owner, *args, **kwargs)
        if owner is attention:
            z[:, :, [head for head in range(n_heads) if head != 1]] = 0
        return z, weights

    module.eager_attention_forward = silenced
    try:
        entry, _ = theirs.through(name)
    finally:
        module.eager_attention_forward = own
    slices = entry.unflatten(-1, (n_heads, -1)).numpy()
    assert not slices[:, [head for head in range(n_heads) if head != 1]].any()
    for query in (3, theirs.n - 1):
        found, alone = engine.attention.one_head(RECIPE, layer, 1, query).output.entry, slices[query, 1]
        # A norm over all heads divides by less when the others are silent; nothing else may change.
        factor = float(alone @ found / (found @ found))
        assert_allclose(alone, factor * found, atol=1e-5 * abs(alone).max())
        assert factor > 1.01 if family in NORMED else abs(factor - 1) < 1e-5


@pytest.mark.parametrize(("family", "reason"), [("diffllama", REPEATED), ("jetmoe", NOT_FOUND)])
def test_heads_without_a_part_of_their_own_say_why(walked, family, reason):
    engine, _ = walked(family)
    one = engine.attention.one_head(RECIPE, 1, 0, 5)
    assert one.output is None
    assert one.no_output == reason
    found = engine.attention.check_head(RECIPE, 1, 0, 5, 2)
    assert found.steps == ("pair", "softmax", "mix")
    assert all(check.passed for check in found.checks), found.checks


def test_heads_that_are_mixed_before_w_o_have_no_parts():
    """A family that swaps its heads' halves between each other, made of llama by a hook on W_O."""
    tokenizer = KINDS["whole words"]().tokenizer
    model, _ = pair("llama", len(tokenizer))
    for layer in model.model.layers:
        layer.self_attn.o_proj.register_forward_pre_hook(lambda _, args: (args[0].roll(8, -1),))
    lm = assemble(model, tokenizer, "mixing llama")
    assert output_of(lm, 0).reason == MIXED


def test_a_wrong_entry_is_found_by_the_sweep(walked, monkeypatch):
    engine, theirs = walked("qwen3_next")
    assert head_error(engine, RECIPE, theirs) < 1e-4
    one_head = engine.attention.one_head

    def ungated(*args):
        one = one_head(*args)
        one.output.entry[:] = one.mix.z
        return one

    monkeypatch.setattr(engine.attention, "one_head", ungated)
    assert head_error(engine, RECIPE, theirs) > 0.1


def test_a_row_beyond_the_window_takes_its_own_columns_of_the_position_bias(walked):
    """inkling adds a bias by position to the scores of layers with a sliding window of 8."""
    engine, theirs = walked("inkling_text")
    for query in (3, 9, theirs.n - 1):
        found = engine.attention.position(RECIPE, 0, 2, query, theirs.n)
        assert_allclose(found.row, theirs.maps[0][2, query], atol=1e-5)
        one = engine.attention.one_head(RECIPE, 0, 2, query)
        assert_allclose(one.softmax.weight, theirs.maps[0][2, query, one.key], atol=1e-5)
    assert torch.count_nonzero(theirs.maps[0][2, -1]) == 8
