"""Contributions to a logit: they sum to the model's own logit, and removing a part removes its contribution."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from model.layers.attribution import HEADS, TOTAL
from model.layers.linearised import freeze
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.layered import LAYERED, by_transformers, layered

# Logits of about 1 in float32, summed from a dozen parts.
TINY = 5e-6
SOFTCAP = 5.0
WITHOUT_HEADS = ("bloom", "mamba")


def before_cap(family, logits):
    return SOFTCAP * torch.atanh(logits.double() / SOFTCAP) if family == "gemma2" else logits.double()


@pytest.mark.parametrize("family", LAYERED)
def test_the_parts_sum_to_the_logit_of_a_plain_pass(lm, family):
    engine, recipe, trace = layered(family, lm.tokenizer)
    _, logits = by_transformers(engine.lm, trace)
    logits = before_cap(family, logits)
    for position in (0, 6, len(logits) - 1):
        for token_id in (3, 4242):
            found = engine.layers.attribution(recipe, position, token_id)
            parts = [found.embedding, found.constant, *found.attention, *found.mlp[~np.isnan(found.mlp)]]
            assert_allclose(sum(parts), logits[position, token_id], atol=TINY * 4)
            assert found.checks[0].name == TOTAL
            assert all(check.passed for check in found.checks)


@pytest.mark.parametrize("family", LAYERED)
def test_heads_and_biases_sum_to_the_layers_attention(lm, family):
    engine, recipe, _ = layered(family, lm.tokenizer)
    found = engine.layers.attribution(recipe, 8)
    if family in WITHOUT_HEADS:
        assert found.without_heads
        assert np.isnan(found.heads).all()
        return
    assert found.without_heads == ""
    assert found.heads.shape == (2, 4)
    assert_allclose(found.heads.sum(1) + found.beside_heads, found.attention, atol=TINY)
    assert HEADS in [check.name for check in found.checks]


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "phi3", "mixtral", "deepseek_v3"])
def test_a_heads_share_is_what_its_slice_of_w_o_loses_when_the_head_is_silenced(lm, family):
    """Without a norm after attention: the output minus the output without the head, along the readout."""
    engine, recipe, trace = layered(family, lm.tokenizer)
    names = {"gpt2": "c_proj", "gpt_neox": "dense"}
    module = trace.capture.layers[1].module
    projection = module.get_submodule(names.get(family, "o_proj"))
    position, head, token_id = 9, 2, 77
    seen = []

    def silence(_, args):
        z = args[0].clone()
        width = z.shape[-1] // 4
        seen.append((args[0][0, position], z, width))
        z[..., head * width : (head + 1) * width] = 0
        return (z,)

    outputs = []
    keep = projection.register_forward_hook(lambda _m, _a, out: outputs.append(out[0, position].double()))
    ids = torch.tensor([trace.fed_ids])
    with torch.inference_mode():
        engine.lm.model(ids, use_cache=False)
        quiet = projection.register_forward_pre_hook(silence)
        engine.lm.model(ids, use_cache=False)
    keep.remove()
    quiet.remove()
    lost = outputs[0] - outputs[1]
    assert_allclose(
        engine.layers.attribution(recipe, position, token_id).heads[1, head],
        along(engine.lm, trace, position, token_id, lost),
        atol=TINY,
    )


def along(lm, trace, position, token_id, part):
    """What `part` of the last residual adds to a logit with the norm's scale held fixed, by the norm's formula."""
    norm, head = final(lm), lm.model.get_output_embeddings()
    kept = []
    handle = norm.register_forward_pre_hook(lambda _, args: kept.append(args[0][0, position].double()))
    with torch.inference_mode():
        lm.model(torch.tensor([trace.fed_ids]), use_cache=False)
    handle.remove()
    x = kept[0].clone()
    centred = "Layer" in type(norm).__name__
    middle = x - x.mean() if centred else x
    scale = middle.square().mean().add(getattr(norm, "eps", None) or norm.variance_epsilon).sqrt()
    pushed = (part - part.mean() if centred else part) / scale * norm.weight.double()
    # As in opt-350m: a matrix projects the stream back to the width of the embedding's rows.
    if narrowing := getattr(lm.model.base_model.get_decoder(), "project_out", None):
        pushed = pushed @ narrowing.weight.double().T
    return float((pushed @ head.weight[token_id].double()).detach())


def final(lm):
    base = getattr(lm.model.base_model, "decoder", lm.model.base_model)
    return next(getattr(base, name) for name in ("norm", "ln_f", "final_layer_norm") if hasattr(base, name))


def test_the_mlps_of_the_real_model_are_its_outputs_along_the_token(lm, engine):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 2))
    trace = engine.trace(recipe)
    outputs = {}
    layers = (0, 13, 29)
    handles = [
        lm.anatomy.blocks[i].mlp.register_forward_hook(lambda _m, _a, out, i=i: outputs.update({i: out[0, 4].double()}))
        for i in layers
    ]
    with torch.inference_mode():
        lm.model(torch.tensor([trace.fed_ids]), use_cache=False)
    for handle in handles:
        handle.remove()
    found = engine.layers.attribution(recipe, 4)
    assert found.token.text == " Paris"
    for layer in layers:
        assert_allclose(found.mlp[layer], along(lm, trace, 4, found.token.id, outputs[layer]), atol=1e-4)


def test_against_a_second_token_every_part_is_the_difference_of_its_two(lm):
    engine, recipe, _ = layered("gemma3_text", lm.tokenizer)
    both = engine.layers.attribution(recipe, 5, 10, 20)
    one, other = engine.layers.attribution(recipe, 5, 10), engine.layers.attribution(recipe, 5, 20)
    assert (both.token.id, both.against.id) == (10, 20)
    for name in ("logit", "total", "embedding", "constant", "attention", "mlp", "heads", "beside_heads"):
        assert_allclose(getattr(both, name), getattr(one, name) - getattr(other, name), atol=TINY)


def test_it_speaks_of_the_token_that_follows_and_offers_the_likeliest(lm, engine):
    recipe = Recipe("The capital of France is")
    run = list(engine.run(recipe, 2))[-1]
    assert engine.layers.attribution(recipe, 1).token.text == " of"
    last = engine.layers.attribution(recipe, 4)
    assert last.token.id == run.steps[0].token.id
    assert [token.id for token in last.candidates] == run.steps[0].candidates.token_ids[:12].tolist()
    sizes = [abs(part.share) for part in last.largest]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(max(np.abs(last.mlp).max(), np.abs(last.heads).max()))
    assert not any(part.kind == "attention" for part in last.largest)


@pytest.mark.parametrize("token_id", [49152, 10**8])
def test_tokens_that_do_not_exist_are_refused(lm, engine, token_id):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 1))
    with pytest.raises(UserError, match="token is"):
        engine.layers.attribution(recipe, 4, token_id)
    with pytest.raises(UserError, match="against is"):
        engine.layers.attribution(recipe, 4, 5, token_id)


def test_a_frozen_norm_is_exact_for_its_input_and_linear_in_its_parts():
    torch.manual_seed(1)
    norms = (torch.nn.LayerNorm(16), torch.nn.RMSNorm(16), torch.nn.LayerNorm(16, elementwise_affine=False))
    for norm in norms:
        for parameter in norm.parameters():
            torch.nn.init.normal_(parameter)
        x = torch.randn(16)
        with torch.no_grad():
            frozen = freeze(norm, x, norm(x))
        parts = torch.randn(3, 16, dtype=torch.float64)
        parts[2] = x.double() - parts[:2].sum(0)
        with torch.no_grad():
            assert_allclose(frozen.push(parts).sum(0) + frozen.bias, norm(x), atol=1e-5)
        u = torch.randn(16, dtype=torch.float64)
        assert_allclose(frozen.push(parts) @ u, parts @ frozen.pull(u))


def test_what_is_no_norm_is_refused_by_name():
    class Squash(torch.nn.Module):
        def forward(self, x):
            return x.sin()

    x = 3 * torch.randn(16)
    with pytest.raises(UserError, match="Squash is no norm that is known here"):
        freeze(Squash(), x, Squash()(x))
