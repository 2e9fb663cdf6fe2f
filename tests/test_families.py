"""A dozen families of the sweep: every stage is either correct, or off with a reason."""

import re
from dataclasses import replace

import pytest
import torch
import transformers
from torch import nn

from model.capture.masks import hide_unchosen
from model.engine.core import LocalEngine
from model.loading.check_model import PREFIX
from model.loading.load import assemble
from model.network.anatomy import find_anatomy
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.small_tokenizers import KINDS
from tests.sweep_family import N_NEW, OFF, ON, PROMPT, STAGES, walk
from tests.sweep_pair import pair
from tests.sweep_table import PAGE, table
from tests.sweep_views import outcomes

SDPA = "needs an attention \\(sdpa\\) that this family does not have"
REFUSED = "transformers' continuous batching refused a request"
STREAM = "no modules of layer 0 sum to what it adds to its input"
UNCACHED = "This needs a KV cache, and here is none: the family 'openai-gpt' has no KV cache in transformers"
NO_MAPS = "has no attention that passes where maps can be captured"
WHOLE_MAPS = "gives whole attention maps, one layer a pass, and not the queries and keys behind them"
AHEAD = "has no KV cache in transformers, and without a cache the logits of a position change by .* when tokens follow"

# The stages that are off, with part of the reason; all others must be on.
FAMILIES = {
    "llama": {},
    "gpt2": {},
    "deepseek_v3": {"continuous": REFUSED},
    "falcon": {"head": WHOLE_MAPS, "continuous": REFUSED},
    "bloom": {"head": WHOLE_MAPS, "continuous": SDPA},
    "gpt_oss": {"continuous": SDPA},
    "jamba": {"continuous": "Invalid layer type: linear_attention"},
    "mamba": {"maps": NO_MAPS, "head": NO_MAPS, "continuous": SDPA},
    "axk2": {"continuous": "Invalid layer type: indexed_attention"},
    "bert": {"residual": STREAM},
    "gemma4_text": {"residual": STREAM, "continuous": "per-layer attribute"},
    "gemma3": {},
    "beam": {"residual": STREAM},
    "openai-gpt": {
        "head": WHOLE_MAPS,
        "residual": STREAM,
        "static": UNCACHED,
        "continuous": "static batching comes first",
    },
    "bamba": {"static": "with its cache the logits of the family 'bamba' differ", "continuous": "static batching"},
    "xlnet": {"load": AHEAD},
    "longcat_flash": {"load": "has no blocks that could be found"},
}


@pytest.fixture(scope="module")
def tokenizer():
    return KINDS["whole words"]().tokenizer


# Also part of the quick check.
QUICK = "llama"


@pytest.mark.parametrize(
    "family", [pytest.param(family, marks=() if family == QUICK else pytest.mark.slow) for family in FAMILIES]
)
def test_a_family_is_right_or_says_why_it_is_off(family, tokenizer):
    found = walk(family, tokenizer)
    assert not found.built
    assert found.faults == []
    off = FAMILIES[family]
    expected = dict.fromkeys(STAGES, OFF) if "load" in off else {name: OFF if name in off else ON for name in STAGES}
    assert {name: stage.state for name, stage in found.stages.items()} == expected, found
    for name, reason in off.items():
        assert re.search(reason, found.stages[name].why), found.stages[name]
        assert "Error" not in found.stages[name].why


@pytest.mark.slow
def test_every_view_answers_for_a_llama_but_that_of_experts(tokenizer):
    """A refusal is not counted as a fault of a family, so a call that every family refuses is only noticed here."""
    model, _ = pair("llama", len(tokenizer))
    engine, recipe = LocalEngine(assemble(model, tokenizer, "tiny llama")), Recipe(PROMPT, max_new_tokens=N_NEW)
    list(engine.run(recipe))
    refused = {name: str(error) for name, error in outcomes(engine, recipe) if error}
    assert list(refused) == ["routing"]
    assert "This model is dense" in refused["routing"]


@pytest.mark.slow
def test_a_recurrent_models_batch_sizes_and_estimate_say_what_they_are_without(tokenizer):
    model, _ = pair("mamba", len(tokenizer))
    engine, recipe = LocalEngine(assemble(model, tokenizer, "tiny mamba")), Recipe("the lazy dog", max_new_tokens=2)
    list(engine.run(recipe))
    with pytest.raises(UserError, match="recurrent layers, which cannot be repeated"):
        list(engine.latency.throughput(recipe, 4))
    found = engine.latency.what_if(recipe, 0, 0, 16, (512, 1024, 1))
    assert "tiny mamba" not in [model.name for model in found.models]
    assert found.own is None


@pytest.mark.slow
def test_without_a_cache_each_step_takes_all_positions_again_and_what_needs_one_is_off(tokenizer):
    model, plain = pair("openai-gpt", len(tokenizer))
    engine = LocalEngine(assemble(model, tokenizer, "tiny openai-gpt"))
    recipe = Recipe("the quick brown fox", max_new_tokens=4)
    fed = []
    hook = model.get_input_embeddings().register_forward_pre_hook(lambda _, args: fed.append(args[0].shape[-1]))
    run = list(engine.run(recipe))[-1]
    hook.remove()
    n = len(run.tokens)
    assert fed == [n, n + 1, n + 2, n + 3]
    ids = (*run.tokens.ids, *(step.token.id for step in run.steps))
    with torch.inference_mode():
        full = plain(torch.tensor([ids])).logits[0]
    assert [int(row.argmax()) for row in full[n - 1 : -1]] == list(ids[n:])
    assert engine.card().uncached == "the family 'openai-gpt' has no KV cache in transformers"
    assert engine.cache.contents(recipe).layers == engine.card().cache_layers == ()
    checks = engine.attention.check_run(recipe, 0, 0).checks
    assert checks[-1].name == PREFIX
    assert all(check.passed for check in checks)
    # A branch shares nothing: its prompt is forwarded again.
    other = list(engine.run(replace(recipe, forced=((1, 5),))))[-1]
    assert (other.reused_positions, other.steps[0].token.id) == (0, run.steps[0].token.id)
    assert {choice.reason for choice in engine.speculative.drafts()} == {engine.card().uncached}
    needing = (
        lambda: engine.cache.race(recipe, 3),
        lambda: engine.cache.variant(recipe, "window", 3, 8, 2),
        lambda: engine.latency.throughput(recipe, 4),
        lambda: engine.latency.length_sweep(recipe, 32),
    )
    for work in needing:
        with pytest.raises(UserError, match="no KV cache in transformers"):
            list(work())


def test_the_page_of_families_is_of_this_transformers():
    assert f"transformers {transformers.__version__}" in PAGE.read_text()


def test_the_page_counts_what_it_lists(tokenizer):
    page = table([walk("xlnet", tokenizer), walk("no such family", tokenizer)])
    assert "**1 of 2 families could be built.**" in page
    assert "attention maps: right in **0**, wrong in 0" in page
    assert "- `no such family`: KeyError" in page


def test_the_blocks_beside_the_embedding_are_taken_and_not_a_vision_towers():
    class Tower(nn.Module):
        def __init__(self, *children):
            super().__init__()
            self.parts = nn.ModuleDict({str(i): child for i, child in enumerate(children)})

    embed, head = nn.Embedding(5, 4), nn.Linear(4, 5)
    text = nn.ModuleList(Tower(nn.ModuleList(nn.Linear(4, 4) for _ in range(2))) for _ in range(2))
    seen = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
    for model in (Tower(Tower(seen), Tower(embed, text), head), Tower(embed, seen, text, head)):
        model.config = transformers.LlamaConfig(num_hidden_layers=2)
        model.get_input_embeddings, model.get_output_embeddings = lambda: embed, lambda: head
        assert find_anatomy(model).blocks is text


def test_a_sparse_familys_maps_are_zero_where_no_key_was_chosen(tokenizer):
    indices = torch.tensor([[[0, 0], [0, 1], [0, 2]]])
    allowed = hide_unchosen(None, indices, 3)[0, 0]
    assert allowed.tolist() == [[True, False, False], [True, True, False], [True, False, True]]
    masked = hide_unchosen(torch.zeros(1, 1, 3, 3), indices, 3)[0, 0]
    assert (masked[2] < -1e30).tolist() == [False, True, False]
