"""The model card is correct: parts sum to the model, blocks match their papers, routers choose as shown."""

import math

import pytest
import torch

from model.architecture.describe import architecture
from model.embed.rope import rotates, rotations
from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.records.architecture import Rope
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.layered import LAYERED
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair
from tests.tiny import tiny_lm

SETTINGS = {
    **LAYERED,
    "bert": {"is_decoder": True},
    "mixtral": {"num_key_value_heads": 2, "num_local_experts": 8},
    "gpt_oss": {**LAYERED["gpt_oss"], "num_local_experts": 6, "num_experts_per_tok": 2},
    "lfm2": {"num_key_value_heads": 2, "layer_types": ["conv", "full_attention"]},
    "opt": {"do_layer_norm_before": False, "ffn_dim": 128, "word_embed_proj_dim": 32},
    "smollm3": {"num_key_value_heads": 2, "pad_token_id": 0, "no_rope_layers": [1, 0]},
}
PRE = ("before mixer", "before mlp")
BOTH = ("before mixer", "after mixer", "before mlp", "after mlp")

# heads, places of norms, norm, parallel, kind of MLP, activation, position encoding
EXPECTED = {
    "llama": ("GQA", PRE, "RMSNorm", False, "gated", "SiLUActivation", "rope"),
    "gpt2": ("MHA", PRE, "LayerNorm", False, "plain", "NewGELUActivation", "learned"),
    "gpt_neox": ("MHA", PRE, "LayerNorm", True, "plain", "GELUActivation", "rope"),
    "gemma2": ("GQA", BOTH, "RMSNorm", False, "gated", "GELUTanh", "rope"),
    "mixtral": ("GQA", PRE, "RMSNorm", False, "gated", "SiLUActivation", "rope"),
    "qwen3": ("MQA", PRE, "RMSNorm", False, "gated", "SiLUActivation", "rope"),
    "olmo2": ("GQA", ("after mixer", "after mlp"), "RMSNorm", False, "gated", "SiLUActivation", "rope"),
    "bloom": ("MHA", PRE, "LayerNorm", False, "plain", "BloomGelu", "alibi"),
    "cohere": ("GQA", ("before both",), "LayerNorm", True, "gated", "SiLUActivation", "rope"),
    "bert": ("MHA", ("stream mixer", "stream mlp"), "LayerNorm", False, "plain", "GELUActivation", "learned"),
    "opt": ("MHA", ("stream mixer", "stream mlp"), "LayerNorm", False, "plain", "ReLU", "learned"),
    "deepseek_v3": ("MLA", PRE, "RMSNorm", False, "gated", "SiLUActivation", "rope"),
    "gpt_oss": ("GQA", PRE, "RMSNorm", False, "gated", "silu", "rope"),
}


@pytest.fixture(scope="module")
def tiny(lm):
    made = {}

    def of(family):
        if family not in made:
            model = tiny_lm(family, lm.tokenizer, **SETTINGS[family])
            made[family] = model, architecture(model)
        return made[family]

    return of


def parts_of(found):
    return dict(zip(found.parameters.parts, found.parameters.total.tolist(), strict=True))


def between_stream_and_tables(model) -> int:
    """The number of parameters between the stream and embedding or unembedding.

    In bert these are a dense layer, its norm and the logits' bias; in opt-350m the matrices to and from d_model.
    """
    own = (("cls." in name or "project_" in name, name, weight) for name, weight in model.named_parameters())
    return sum(weight.numel() for between, name, weight in own if between and not name.endswith("decoder.weight"))


def own_sum(model) -> int:
    """The number of parameters, each place in memory counted once."""
    names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    tensors = [tensor for name, tensor in model.state_dict().items() if name in names]
    return sum({tensor.data_ptr(): tensor.numel() for tensor in tensors}.values())


def test_the_bundled_model_is_what_its_paper_says(engine, lm):
    found = engine.architecture.describe()
    (kind,) = found.kinds
    (mixer,) = kind.mixers
    assert kind.layers == tuple(range(30))
    assert (mixer.heads, mixer.n_heads, mixer.n_kv_heads, mixer.d_head) == ("GQA", 9, 3, 64)
    assert (kind.mlp.kind, kind.mlp.activation, kind.mlp.d_hidden, kind.mlp.n_experts) == (
        "gated",
        "SiLUActivation",
        1536,
        0,
    )
    assert [(norm.kind, norm.place) for norm in kind.norms] == [("RMSNorm", place) for place in PRE]
    assert (found.final_norm, found.embed_norm, lm.card.tied_embeddings) == ("RMSNorm", "", True)
    assert parts_of(found) | {"norms": 0} == {
        **dict.fromkeys(found.parameters.parts, 0),
        "embedding": 49152 * 576,
        "attention": 30 * (2 * 576 * 576 + 2 * 576 * 192),
        "mlp": 30 * 3 * 576 * 1536,
    }
    assert parts_of(found)["norms"] == 30 * 2 * 576 + 576
    assert found.parameters.total.sum() == found.parameters.active.sum() == 134_515_008 == own_sum(lm.model)
    assert found.parameters.bytes.sum() == 4 * 134_515_008
    assert (found.facts.licence, found.facts.eos) == ("apache-2.0", ("<|im_end|>",))
    assert found.facts.rope == (Rope("", 100_000.0, "default", 0.0),)


@pytest.mark.parametrize("family", [*EXPECTED, "mamba", "lfm2"])
def test_parts_sum_to_the_model_and_blocks_to_their_modules(tiny, family):
    lm, found = tiny(family)
    table = found.parameters
    assert table.total.sum() == table.model_total == own_sum(lm.model)
    assert parts_of(found)["other"] == between_stream_and_tables(lm.model)
    for layer, block in enumerate(lm.anatomy.blocks):
        assert table.by_layer[layer].sum() == own_sum(block)
    assert table.bytes.sum() == 4 * table.model_total
    assert sorted(layer for kind in found.kinds for layer in kind.layers) == [0, 1]


@pytest.mark.parametrize("family", EXPECTED)
def test_blocks_are_put_together_as_the_family_does(tiny, family):
    _, found = tiny(family)
    heads, places, norm, parallel, mlp, activation, position = EXPECTED[family]
    for kind in found.kinds:
        (mixer,) = kind.mixers
        assert (mixer.kind, mixer.heads, mixer.position) == ("attention", heads, position)
        assert tuple(norm.place for norm in kind.norms) == places
        assert {norm.kind for norm in kind.norms} == {norm}
        assert (kind.parallel, kind.mlp.kind, kind.mlp.activation) == (parallel, mlp, activation)
    assert found.final_norm == ("" if family == "opt" else norm)
    assert found.embed_norm == ("LayerNorm" if family == "bloom" else "")


def test_what_only_some_families_have(tiny):
    def mixers(family):
        return [kind.mixers[0] for kind in tiny(family)[1].kinds]

    assert [(m.window, m.softcap) for m in mixers("gemma2")] == [(8, 50.0), (0, 50.0)]
    facts = tiny("gemma2")[1].facts
    # 64 ** 0.5: gemma multiplies the embedding rows by it.
    assert (facts.logit_softcap, round(facts.embed_scale, 4)) == (5.0, 8.0)
    assert [m.qk_norm for m in mixers("qwen3")] == [m.qk_norm for m in mixers("olmo2")] == [True]
    assert [m.qk_norm for m in mixers("llama")] == [False]
    assert [(m.sinks, m.window) for m in mixers("gpt_oss")] == [(True, 8), (True, 0)]
    assert [m.position for m in mixers("smollm3")] == ["rope", ""]
    assert [m.rotated for m in mixers("gpt_neox")] == [0.25]
    assert [(m.latent, m.d_head, m.d_value) for m in mixers("deepseek_v3")] == [(16, 24, 16)] * 2
    assert [m.kind for m in mixers("mamba")] == ["state space"]
    assert tiny("mamba")[1].kinds[0].mlp is None
    assert [(m.kind, m.heads) for m in mixers("lfm2")] == [("convolution", ""), ("attention", "GQA")]
    assert parts_of(tiny("gpt2")[1])["positions"] == 128 * 64


TURNS = {
    "gemma3": {"sliding_attention": 10_000.0, "full_attention": 1_000_000.0},
    "gemma4_text": {"sliding_attention": 10_000.0, "full_attention": 1_000_000.0},
    "modernbert-decoder": {"sliding_attention": 10_000.0, "full_attention": 160_000.0},
    "olmo3": {"": 500_000.0},
}


@pytest.mark.parametrize("family", TURNS)
@pytest.mark.slow
def test_frequencies_that_differ_by_the_kind_of_layer_are_rope_with_a_theta_each(family):
    tokenizer = KINDS["whole words"]().tokenizer
    lm = assemble(pair(family, len(tokenizer))[0], tokenizer, f"tiny {family}")
    found = architecture(lm)
    assert lm.card.position_kind == "rope"
    assert {mixer.position for kind in found.kinds for mixer in kind.mixers} == {"rope"}
    assert {rope.kind: rope.theta for rope in found.facts.rope} == TURNS[family]
    # What the Embeddings stage verifies with the keys of this run must match the config.
    turned = rotations(lm)
    assert len(turned) == lm.card.n_layers > 1
    for rotation in turned:
        assert rotates(rotation)
        kind = lm.model.config.get_text_config().layer_types[rotation.layer]
        theta = TURNS[family].get(kind) or TURNS[family][""]
        assert math.isclose(rotation.inv_freq[1], theta ** (-2 / rotation.n_rotary), rel_tol=1e-4)


@pytest.mark.parametrize("family", ["bart", "blenderbot"])
def test_attention_that_looks_at_an_encoder_is_not_drawn_where_there_is_none(family):
    tokenizer = KINDS["whole words"]().tokenizer
    lm = assemble(pair(family, len(tokenizer))[0], tokenizer, f"tiny {family}")
    assert hasattr(lm.anatomy.blocks[0], "encoder_attn")
    kinds = architecture(lm).kinds
    assert sorted(layer for kind in kinds for layer in kind.layers) == list(range(lm.card.n_layers))
    for kind in kinds:
        assert [(mixer.kind, mixer.heads, mixer.position) for mixer in kind.mixers] == [("attention", "MHA", "learned")]


def test_experts_are_counted_and_only_the_chosen_are_active(tiny):
    _, found = tiny("mixtral")
    assert (found.kinds[0].mlp.n_experts, found.kinds[0].mlp.n_chosen) == (8, 2)
    experts = 2 * 8 * 3 * 64 * 128
    assert parts_of(found)["experts"] == experts
    assert parts_of(found)["router"] == 2 * 8 * 64
    assert found.parameters.total.sum() - found.parameters.active.sum() == experts * 6 // 8
    dense, routed = tiny("deepseek_v3")[1].kinds
    assert (dense.layers, dense.mlp.n_experts) == ((0,), 0)
    assert (routed.layers, routed.mlp.n_experts, routed.mlp.n_chosen, routed.mlp.d_shared) == ((1,), 4, 2, 32)


def routed(lm, prompt="one two three four five", position=2):
    """The routing of a short run, and the ids that were forwarded."""
    engine, recipe = LocalEngine(lm), Recipe(prompt, max_new_tokens=3)
    list(engine.run(recipe))
    steps = engine.architecture.routing(recipe, position)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, engine.trace(recipe).fed_ids


def by_transformers(family, logits):
    """Experts and weights from the router's logits, by the formula in the family's paper."""
    if family == "gpt_oss":
        top = logits.topk(2)
        return top.indices, top.values.softmax(-1)
    top = logits.softmax(-1).topk(2)
    return top.indices, top.values / top.values.sum(-1, keepdim=True)


@pytest.mark.parametrize("family", ["mixtral", "gpt_oss"])
def test_the_chosen_are_the_top_of_the_routers_own_logits(tiny, family):
    lm, _ = tiny(family)
    found, ids = routed(lm)
    with torch.inference_mode():
        logits = lm.model(torch.tensor([ids]), output_router_logits=True).router_logits
    assert found.layers == (0, 1)
    assert found.n_positions == len(ids) == found.experts.shape[1]
    for layer in range(2):
        experts, weights = by_transformers(family, logits[layer].reshape(len(ids), -1))
        assert (torch.from_numpy(found.experts[layer]) == experts).all()
        assert (torch.from_numpy(found.weights[layer]) - weights).abs().max() < 1e-5
        assert (found.load[layer] == torch.bincount(experts.flatten(), minlength=found.load.shape[1]).numpy()).all()
    assert found.by_logits == 1.0
    assert all(check.passed for check in found.checks)


def test_an_expert_that_nobody_was_sent_to_changes_nothing(lm):
    tiny = tiny_lm("mixtral", lm.tokenizer, **SETTINGS["mixtral"])
    found, ids = routed(tiny, "one two")
    with torch.inference_mode():
        before = tiny.model(torch.tensor([ids])).logits
        for layer, block in enumerate(tiny.anatomy.blocks):
            unused = (found.load[layer] == 0).nonzero()[0].tolist()
            assert unused
            block.mlp.experts.down_proj[unused] *= -3
        assert torch.equal(tiny.model(torch.tensor([ids])).logits, before)
        block.mlp.experts.down_proj[int(found.experts[1, 0, 0])] *= -3
        assert not torch.equal(tiny.model(torch.tensor([ids])).logits, before)


def test_a_router_with_a_rule_of_its_own_is_shown_as_it_chose(tiny):
    lm, _ = tiny("deepseek_v3")
    found, ids = routed(lm)
    assert found.layers == (1,)
    gate = lm.anatomy.blocks[1].mlp.gate
    entered = []
    with gate.register_forward_pre_hook(lambda _, args: entered.append(args[0])), torch.inference_mode():
        lm.model(torch.tensor([ids]))
        scores = (entered[0].reshape(len(ids), -1) @ gate.weight.T).sigmoid()
    # Two groups of two experts; the experts of the better group are chosen.
    best = scores.reshape(-1, 2, 2).sum(-1).argmax(-1)
    assert (torch.from_numpy(found.experts[0]).sort(-1).values == torch.stack([2 * best, 2 * best + 1], -1)).all()
    assert found.by_logits < 1


def test_a_dense_model_has_no_routing_and_says_so(engine):
    recipe = Recipe("one two", max_new_tokens=1)
    list(engine.run(recipe))
    with pytest.raises(UserError, match="dense"):
        list(engine.architecture.routing(recipe, 0))
