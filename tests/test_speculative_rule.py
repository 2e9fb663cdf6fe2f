"""The rule that accepts or replaces a proposal, by hand and on a small model: p is what is drawn from, for any q."""

from collections import Counter

import numpy as np
import pytest
import torch

from model.decode.draw import uniform
from model.decode.sampling import choose
from model.engine.core import LocalEngine
from model.network.sequence import CachedSequence
from model.records.speculative import Speculation
from model.request.recipe import Recipe, SamplingSettings
from model.runtime.budget import Budget
from model.speculative.accept import accept_chance, judge, residual, rule_error
from model.speculative.drafts import LookupDraft, ModelDraft, early_exit
from model.speculative.loop import one_round, speculate
from model.speculative.shown import round_record
from model.speculative.totals import expected_speed_up, expected_tokens
from tests.runs import ids
from tests.small_tokenizers import whole_words
from tests.tiny import tiny_lm


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


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
@pytest.mark.slow
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


@pytest.mark.slow
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


def test_the_expected_speed_up_by_hand():
    assert expected_tokens(0.5, 2.0) == pytest.approx(1.75)
    assert expected_tokens(1.0, 4.0) == 5.0
    assert expected_speed_up(0.8, 4.0, 0.1) == pytest.approx((1 - 0.8**5) / 0.2 / 1.4)


def test_the_rule_leaves_p_as_it_is_for_any_q_and_another_rule_does_not():
    random = np.random.default_rng(1)
    pairs = [[torch.tensor(random.dirichlet(np.full(9, 0.3))) for _ in range(2)] for _ in range(20)]
    assert max(rule_error(p, q, residual(p, q)) for p, q in pairs) < 1e-15
    # If p itself is drawn from after a rejection, tokens that the draft prefers come too often.
    assert min(rule_error(p, q, p) for p, q in pairs) > 0.001
