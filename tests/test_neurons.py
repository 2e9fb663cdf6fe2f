"""An MLP's neurons: what they write sums to the MLP's output, and changes the logits as stated."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from transformers.activations import ACT2FN
from transformers.pytorch_utils import Conv1D

from model.engine.core import LocalEngine
from model.layers.neurons import FUNCTIONS as KNOWN
from model.loading.load import assemble
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.layered import EXPERTS, LAYERED, layered
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from tests.sweep_views import last_of
from tests.test_attribution import along

DENSE = [family for family in LAYERED if family not in (*EXPERTS, "mamba")]
# Families whose MLP has no gate; and the names of its last matrix where they differ from Llama's.
PLAIN = ("gpt2", "opt", "gpt_neox", "phi", "bloom")
DOWN = {
    "gpt2": "mlp.c_proj",
    "opt": "fc2",
    "gpt_neox": "mlp.dense_4h_to_h",
    "bloom": "mlp.dense_4h_to_h",
    "phi": "mlp.fc2",
}
TINY = 5e-6
FUNCTIONS = {
    "gpt2": "GELU (tanh)",
    "opt": "ReLU",
    "gpt_neox": "GELU",
    "gemma2": "GELU (tanh)",
    "llama": "SiLU",
    "phi3": "SiLU",
}


def last_matrix(lm, trace, family):
    """Block 0's last MLP matrix at position 4 of a plain pass: its input, output, rows and bias."""
    down, seen = lm.anatomy.blocks[0].get_submodule(DOWN.get(family, "mlp.down_proj")), {}

    def keep(_module, args, out):
        # Some families flatten batch and positions into one axis.
        seen.update(hidden=args[0].flatten(0, -2)[4], written=out.flatten(0, -2)[4])

    handle = down.register_forward_hook(keep)
    with torch.inference_mode():
        lm.model(torch.tensor([trace.fed_ids]), use_cache=False)
    handle.remove()
    rows = down.weight if isinstance(down, Conv1D) else down.weight.T
    bias = torch.zeros(rows.shape[1]) if down.bias is None else down.bias
    return seen["hidden"], seen["written"], rows.detach(), bias.detach()


@pytest.mark.parametrize("family", DENSE)
def test_all_neurons_writings_sum_to_the_mlps_output(lm, family, monkeypatch):
    monkeypatch.setattr("model.layers.neurons.MAX_NEURONS", 500)
    engine, recipe, trace = layered(family, lm.tokenizer)
    hidden, written, rows, bias = last_matrix(engine.lm, trace, family)
    found = engine.layers.neurons(recipe, 0, 4, len(rows))
    indices = [neuron.index for neuron in found.neurons]
    activations = torch.tensor([neuron.activation for neuron in found.neurons])
    assert sorted(indices) == list(range(len(rows)))
    assert_allclose(activations, hidden[indices], atol=TINY)
    assert_allclose(activations @ rows[indices] + bias, written, atol=TINY * 4)
    assert_allclose([neuron.direction for neuron in found.neurons], rows[indices].norm(dim=-1), rtol=1e-5)
    assert found.n_active == int((hidden != 0).sum())
    assert [neuron.gate is None for neuron in found.neurons] == [family in PLAIN] * len(rows)
    # A smaller k returns those that write most, and their share of the total.
    writes = (hidden.abs() * rows.norm(dim=-1)).sort(descending=True).values
    few = engine.layers.neurons(recipe, 0, 4, 20)
    assert [abs(neuron.activation) * neuron.direction for neuron in few.neurons] == pytest.approx(
        writes[:20].tolist(), rel=1e-3
    )
    assert few.share == pytest.approx(float(writes[:20].sum() / writes.sum()), rel=1e-4)
    assert few.checks[0].name == "neurons sum to mlp_out"
    assert all(check.passed for check in few.checks)


def test_activations_gates_and_directions_are_those_of_the_models_own_modules(lm, engine):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 2))
    trace = engine.trace(recipe)
    mlp, seen = lm.anatomy.blocks[20].mlp, {}
    handles = [
        module.register_forward_hook(lambda _m, args, out, name=name: seen.update({name: (args[0][0, 4], out[0, 4])}))
        for name, module in (("gate", mlp.gate_proj), ("up", mlp.up_proj), ("down", mlp.down_proj))
    ]
    with torch.inference_mode():
        lm.model(torch.tensor([trace.fed_ids]), use_cache=False)
    for handle in handles:
        handle.remove()
    hidden = seen["down"][0]
    found = engine.layers.neurons(recipe, 20, 4, 10)
    assert (found.function, found.gated, found.n_neurons) == ("SiLU", True, 1536)
    size = hidden.abs() * mlp.down_proj.weight.norm(dim=0)
    assert [neuron.index for neuron in found.neurons] == size.topk(10).indices.tolist()
    for neuron in found.neurons:
        assert_allclose(neuron.activation, hidden[neuron.index], rtol=1e-3)
        assert_allclose(neuron.gate, seen["gate"][1][neuron.index], rtol=1e-3)
        assert_allclose(neuron.up, seen["up"][1][neuron.index], rtol=1e-3)
        silu = neuron.gate / (1 + np.exp(-neuron.gate))
        assert_allclose(neuron.activation, silu * neuron.up, rtol=1e-4)
        assert_allclose(neuron.direction, mlp.down_proj.weight[:, neuron.index].norm().detach(), rtol=1e-5)


def test_effects_and_tokens_are_the_writing_through_norm_and_unembedding(lm, engine):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 2))
    trace = engine.trace(recipe)
    found = engine.layers.neurons(recipe, 29, 4, 5, 7042)
    down = lm.anatomy.blocks[29].mlp.down_proj.weight.detach().double()
    for neuron in found.neurons:
        written = neuron.activation * down[:, neuron.index]
        assert_allclose(neuron.effect, along(lm, trace, 4, 7042, written), atol=1e-4)
        for tokens, amounts in ((neuron.promotes, neuron.promoted_by), (neuron.suppresses, neuron.suppressed_by)):
            assert_allclose(amounts[0], along(lm, trace, 4, tokens[0].id, written), atol=1e-4)
        # By definition, over the whole vocabulary: only the norm's gain matters for the order.
        moved = lm.model.lm_head.weight.double() @ (written * lm.model.model.norm.weight.double())
        assert [t.id for t in neuron.promotes][:3] == moved.topk(3).indices.tolist()
        assert [t.id for t in neuron.suppresses][:3] == (-moved).topk(3).indices.tolist()


def test_all_neurons_effects_and_the_bias_are_the_mlps_part_of_the_logit(lm, monkeypatch):
    from model.layers import neurons

    monkeypatch.setattr(neurons, "MAX_NEURONS", 500)
    for family in ("gpt2", "gemma2", "olmo2", "granite", "cohere", "opt"):
        engine, recipe, trace = layered(family, lm.tokenizer)
        found = engine.layers.neurons(recipe, 1, 6, 500, 99)
        mlp = engine.layers.attribution(recipe, 6, 99).mlp[1]
        bias = getattr(neurons.require_parts(engine.lm)[1].down, "bias", None)
        rest = 0.0 if bias is None else along(engine.lm, trace, 6, 99, bias.detach().double())
        assert len(found.neurons) == found.n_neurons
        assert_allclose(sum(neuron.effect for neuron in found.neurons) + rest, mlp, atol=TINY * 4)


@pytest.mark.parametrize(("family", "name"), FUNCTIONS.items())
def test_the_activation_function_is_recognised_by_numbers(lm, family, name):
    engine, recipe, _ = layered(family, lm.tokenizer)
    found = engine.layers.neurons(recipe, 1, 3, 4)
    assert (found.function, found.gated) == (name, family in ("gemma2", "llama", "phi3"))


def test_experts_and_layers_without_an_mlp_are_refused_with_the_reason(lm):
    for family in EXPERTS:
        engine, recipe, _ = layered(family, lm.tokenizer)
        with pytest.raises(UserError, match="layer 1: it is a mixture of experts"):
            engine.layers.neurons(recipe, 1, 3, 4)
    engine, recipe, _ = layered("deepseek_v3", lm.tokenizer)
    assert engine.layers.neurons(recipe, 0, 3, 4).n_neurons == 128
    with pytest.raises(UserError, match="mixture of experts"):
        engine.layers.neurons(recipe, 1, 3, 4)
    engine, recipe, _ = layered("mamba", lm.tokenizer)
    with pytest.raises(UserError, match="it has no MLP"):
        engine.layers.neurons(recipe, 0, 3, 4)


def test_layers_and_counts_out_of_range_are_refused(lm):
    engine, recipe, _ = layered("llama", lm.tokenizer)
    with pytest.raises(UserError, match="layer is 2; it must be a whole number from 0 to 1"):
        engine.layers.neurons(recipe, 2, 3, 4)
    with pytest.raises(UserError, match="k is 21"):
        engine.layers.neurons(recipe, 0, 3, 21)


@pytest.mark.parametrize(("family", "name"), [("gemma3_text", "GELU (tanh)"), ("gpt_neox", "GELU"), ("llama", "SiLU")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.slow
def test_the_function_is_named_by_what_it_is_and_not_by_rounded_values(family, name, dtype):
    """The second route is the family's own config, through transformers' table of activations."""
    tokenizer = KINDS["whole words"]().tokenizer
    model, _ = pair(family, len(tokenizer))
    engine = LocalEngine(assemble(model.to(dtype), tokenizer, f"tiny {family}"))
    recipe = Recipe("the quick brown fox jumps over the lazy dog", max_new_tokens=2)
    last_of(engine.run(recipe))
    assert {engine.layers.neurons(recipe, 1, position, 3).function for position in range(8)} == {name}
    config = model.config
    own = ACT2FN[getattr(config, "hidden_activation", None) or config.hidden_act]
    grid = torch.linspace(-4, 4, 41)
    torch.testing.assert_close(KNOWN[name](grid), own(grid), atol=1e-6, rtol=0)
