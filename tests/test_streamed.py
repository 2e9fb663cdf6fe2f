"""Families that bypass `AttentionInterface`: their own eager maps, one layer at a time, on demand."""

import pytest
import torch
from numpy.testing import assert_allclose

from model.attention import streamed_capture
from model.engine.core import LocalEngine
from model.network.streamed import streamed_maps
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.tiny import tiny_lm

# In the names of each family's config; tests/tiny.py uses the names of most families.
FAMILIES = {
    "bloom": {"n_head": 4, "n_layer": 2},
    "gptj": {"n_embd": 64, "n_head": 4, "n_layer": 2, "rotary_dim": 8, "n_positions": 128},
    "falcon": {"num_kv_heads": 1},
    "codegen": {"n_embd": 64, "n_head": 4, "n_layer": 2, "rotary_dim": 8, "n_positions": 128},
    "mpt": {"d_model": 64, "n_heads": 4, "n_layers": 2, "max_seq_len": 128},
    "gpt_neo": {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "window_size": 8},
    "xglm": {"d_model": 64, "attention_heads": 4, "num_layers": 2, "ffn_dim": 128},
}
RECIPE = Recipe("one two three four, one two three four, and then some more words here", max_new_tokens=4)


@pytest.fixture(scope="module", params=list(FAMILIES))
def tiny(request, lm):
    return tiny_lm(request.param, lm.tokenizer, attention="eager", **FAMILIES[request.param])


def all_at_once(lm, ids):
    """The maps of all layers from `output_attentions` with eager attention: none of our code."""
    with torch.inference_mode():
        out = lm.model(torch.tensor([list(ids)]), use_cache=False, output_attentions=True)
    return torch.stack([layer[0] for layer in out.attentions])


def test_the_map_of_any_head_is_the_models_own(tiny):
    assert tiny.card.streamed_maps
    assert all(check.passed for check in tiny.card.checks), tiny.card.checks
    engine = LocalEngine(tiny)
    run = list(engine.run(RECIPE))[-1]
    ids = [*run.tokens.ids, *(step.token.id for step in run.steps)][:-1]
    theirs, n = all_at_once(tiny, ids).numpy(), len(ids)
    assert theirs.shape == (2, 4, n, n)
    for layer, head in ((0, 0), (1, 3), (0, 2)):
        tile = engine.attention.tile(RECIPE, layer, head, (0, n), (0, n))
        assert tile.block == 1
        assert_allclose(tile.pattern, theirs[layer, head], atol=1e-6)
        found = engine.attention.position(RECIPE, layer, head, 5, n)
        assert_allclose(found.row, theirs[layer, head, 5], atol=1e-6)
        assert_allclose(found.column, theirs[layer, head, :, 5], atol=1e-6)
    (check,) = engine.attention.check_run(RECIPE, 1, 1).checks
    assert check.passed


def test_only_the_layer_that_is_wanted_is_kept(tiny):
    hooks = [len(module._forward_hooks) for module in tiny.model.modules()]
    out = []
    handle = tiny.model.register_forward_hook(lambda _m, _a, output: out.append(output.attentions))
    maps, _ = streamed_maps(tiny, range(10), (1,))
    handle.remove()
    assert list(maps) == [1]
    assert sum(layer.numel() for layer in out[0]) == 0
    assert [len(module._forward_hooks) for module in tiny.model.modules()] == hooks


def test_a_run_on_sdpa_is_shown_the_eager_maps_that_give_its_logits(lm):
    """falcon's SDPA path returns maps without the causal mask, so only the eager path may be used."""
    tiny = tiny_lm("falcon", lm.tokenizer, attention="sdpa", **FAMILIES["falcon"])
    assert tiny.card.streamed_maps
    assert tiny.model.config._attn_implementation == "sdpa"
    maps, _ = streamed_maps(tiny, range(10), (0, 1))
    for layer in maps.values():
        assert (layer.triu(1) == 0).all()
        assert_allclose(layer.sum(-1).numpy(), 1, atol=1e-6)
    assert tiny.model.config._attn_implementation == "sdpa"


def test_views_that_need_more_than_maps_say_so(tiny, monkeypatch):
    engine = LocalEngine(tiny)
    list(engine.run(RECIPE))
    n = engine.cache.contents(RECIPE).n_positions
    for look in (engine.attention.overview, lambda *a: engine.attention.head_scores(*a)):
        with pytest.raises(UserError, match="one layer a pass"):
            look(RECIPE, 0, n)
    with pytest.raises(UserError, match="layer is 2; .* from 0 to 1"):
        engine.attention.tile(RECIPE, 2, 0, (0, 5), (0, 5))
    with pytest.raises(UserError, match="head is 4; .* from 0 to 3"):
        engine.attention.tile(RECIPE, 0, 4, (0, 5), (0, 5))
    monkeypatch.setattr(streamed_capture, "MAX_POSITIONS", 10)
    with pytest.raises(UserError, match="made for up to 10"):
        engine.attention.tile(RECIPE, 0, 0, (0, 5), (0, 5))
