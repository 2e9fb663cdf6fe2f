"""A vocabulary with fewer entries than a view shows candidates, and a draft with fewer rows than its target."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM

from model.engine.core import LocalEngine
from model.loading.load import assemble
from model.request.recipe import Recipe, SamplingSettings
from model.speculative.drafts import ModelDraft
from tests.small_tokenizers import vocabulary_of
from tests.sweep_views import last_of, outcomes

WORDS = ["<s>", "</s>", "the", "quick", "brown", "fox", "jumps", "over"]


@pytest.fixture(scope="module")
def tokenizer():
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<s>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return vocabulary_of(words).tokenizer


def small(tokenizer, n_rows, seed=0):
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = AutoConfig.for_model("llama", vocab_size=n_rows, max_position_embeddings=64, **sizes)
    return assemble(AutoModelForCausalLM.from_config(config).eval(), tokenizer, f"llama with {n_rows} rows")


@pytest.mark.slow
def test_every_view_of_a_model_with_eight_tokens_answers_or_says_why(tokenizer):
    engine, recipe = LocalEngine(small(tokenizer, 8)), Recipe("the quick brown fox jumps", max_new_tokens=3)
    last_of(engine.run(recipe))
    wrong = {name: error for name, error in outcomes(engine, recipe) if error and type(error).__name__ != "UserError"}
    assert not wrong
    assert len(engine.layers.attribution(recipe, 3).candidates) == 8
    assert len(engine.embed.nearest(recipe, 4, 50).neighbours) == 7
    assert len(engine.layers.neurons(recipe, 1, 3, 5).neurons[0].promotes) == 8


def test_a_draft_proposes_nothing_after_a_token_it_has_no_row_for(tokenizer):
    draft = ModelDraft(small(tokenizer, 6), SamplingSettings(), 3, 8)
    assert draft.propose([2, 3, 7], 4) == []
    proposed = draft.propose([2, 3, 4], 4)
    assert len(proposed) == 4
    assert all(proposal.token_id < 6 for proposal in proposed)
    assert draft.propose([2, 3, 4, 6], 4) == []
