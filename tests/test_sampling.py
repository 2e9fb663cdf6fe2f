"""Sampling: transformers' stages, and a draw that is a function of (seed, position)."""

import numpy as np
import pytest
import torch
from transformers import GenerationConfig

from model.decode.draw import draw, uniform
from model.decode.sampling import choose, entropy_bits, process
from model.request.recipe import SamplingSettings

IDS = [1, 2, 3]
# Probabilities 0.5, 0.25, 0.125, 0.125: every stage below can be computed by hand.
LOGITS = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()


def test_top_k_keeps_the_k_likeliest_and_reports_what_it_removed():
    scores, stages = process(LOGITS, IDS, SamplingSettings(True, top_k=2), 3)
    torch.testing.assert_close(scores.softmax(-1), torch.tensor([2 / 3, 1 / 3, 0.0, 0.0]))
    assert [(s.name, s.kept) for s in stages] == [("top_k", 2)]
    assert stages[0].removed == pytest.approx(0.25)


def test_top_k_keeps_ties_with_the_last_kept_token():
    scores, stages = process(LOGITS, IDS, SamplingSettings(True, top_k=3), 3)
    assert stages[0].kept == 4


def test_top_p_keeps_the_smallest_set_that_reaches_p():
    scores, stages = process(LOGITS, IDS, SamplingSettings(True, top_p=0.7), 3)
    torch.testing.assert_close(scores.softmax(-1), torch.tensor([2 / 3, 1 / 3, 0.0, 0.0]))
    assert stages[0].removed == pytest.approx(0.25)


def test_temperature_divides_the_logits_and_removes_nothing():
    scores, stages = process(LOGITS, IDS, SamplingSettings(True, temperature=0.5), 3)
    squares = torch.tensor([0.5, 0.25, 0.125, 0.125]) ** 2
    torch.testing.assert_close(scores.softmax(-1), squares / squares.sum())
    assert (stages[0].kept, stages[0].removed) == (4, 0.0)


GENERATE = [
    SamplingSettings(True, 0.7, 40, 0.9),
    SamplingSettings(True, 1.5, 0, 0.95, min_p=0.02),
    SamplingSettings(True, 1.0, 5, 1.0, repetition_penalty=1.3),
    SamplingSettings(True, 2.0, 100, 0.3, typical_p=0.8),
    SamplingSettings(True, 0.9, 60, 0.99, 0, 1.1, min_p=0.01, typical_p=0.9),
]


@pytest.mark.parametrize("settings", GENERATE)
def test_the_stages_equal_the_processors_that_generate_builds(settings, lm):
    logits = torch.randn(5000, generator=torch.Generator().manual_seed(0)) * 4
    config = GenerationConfig(
        do_sample=True,
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        min_p=settings.min_p or None,
        typical_p=settings.typical_p,
        repetition_penalty=settings.repetition_penalty,
    )
    theirs = lm.model._get_logits_processor(config, input_ids_seq_length=3, device="cpu")
    expected = theirs(torch.tensor([IDS]), logits[None].clone())[0]
    torch.testing.assert_close(process(logits, IDS, settings, 3)[0], expected, rtol=0, atol=0)


def test_presence_and_frequency_penalties_by_hand():
    ids = [0, 1, 1, 2, 1]  # the first two are the prompt, which is not counted
    settings = SamplingSettings(True, presence_penalty=0.5, frequency_penalty=0.25)
    scores, stages = process(torch.zeros(4), ids, settings, 2)
    torch.testing.assert_close(scores, torch.tensor([0.0, -0.5 - 2 * 0.25, -0.5 - 0.25, 0.0]))
    assert [stage.name for stage in stages] == ["presence_penalty", "frequency_penalty"]


def test_what_a_stage_moved_is_the_distance_between_before_and_after():
    _, stages = process(LOGITS, IDS, SamplingSettings(True, top_k=1), 3)
    assert stages[0].moved == pytest.approx(0.5)
    assert stages[0].removed == pytest.approx(0.5)


def test_penalties_work_on_greedy_decoding_too():
    settings = SamplingSettings(repetition_penalty=2.0)
    assert choose(torch.tensor([2.0, 1.9]), [0], settings, 1).token_id == 1


def test_every_filter_keeps_at_least_one_token():
    settings = SamplingSettings(True, 0.01, 1, 1e-6, min_p=1.0, typical_p=1e-6)
    scores, stages = process(LOGITS, IDS, settings, 3)
    assert torch.isfinite(scores).sum() == 1
    assert stages[-1].kept == 1


def test_greedy_takes_the_largest_logit_whatever_the_other_settings_say():
    choice = choose(LOGITS.flip(0), IDS, SamplingSettings(False, 2.0, 1, 0.1, 7), 3)
    assert choice.token_id == 3
    assert choice.draw is None
    assert choice.stages == ()


def test_top_k_one_is_greedy():
    for seed in range(50):
        assert choose(LOGITS, IDS, SamplingSettings(True, top_k=1, seed=seed), 3).token_id == 0


def test_the_draw_lies_in_the_interval_of_the_selected_token():
    for seed in range(200):
        choice = choose(LOGITS, IDS, SamplingSettings(True, seed=seed), 3)
        assert choice.cumulative_from <= choice.draw < choice.cumulative_to
        assert choice.cumulative_to - choice.cumulative_from == pytest.approx(
            [0.5, 0.25, 0.125, 0.125][choice.token_id]
        )


def test_a_number_selects_the_token_whose_interval_contains_it():
    """The most likely token has the first interval; a token without a share has none."""
    weights = torch.tensor([0.2, 0.0, 0.5, 0.3], dtype=torch.float64)
    numbers = (0.0, 0.499, 0.5, 0.799, 0.8, 0.999)
    assert [draw(weights, number)[0] for number in numbers] == [2, 2, 3, 3, 0, 0]
    assert [draw(weights, number)[1] for number in (0.0, 0.5, 0.8)] == pytest.approx([0.5, 0.8, 1.0])
    ties = torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64)
    assert [draw(ties, number)[0] for number in (0.4, 0.6, 0.8)] == [1, 0, 2]
    just_below_1 = torch.tensor([0.5, 0.5 - 1e-12, 0.0], dtype=torch.float64)
    assert draw(just_below_1, 1 - 1e-16)[0] == 1


def test_a_forced_token_is_taken_even_when_a_filter_removed_it():
    choice = choose(LOGITS, IDS, SamplingSettings(True, top_k=1), 3, forced_id=2)
    assert choice.token_id == 2
    assert choice.draw is None
    assert float(choice.chosen_from[2]) == 0.0
    assert choice.cumulative_from == choice.cumulative_to == 1.0


def test_the_uniform_number_depends_on_seed_and_position_alone():
    assert uniform(3, 17) == uniform(3, 17)
    assert len({uniform(seed, position) for seed in range(100) for position in range(100)}) == 10_000


def test_uniform_numbers_are_uniform_over_seeds_and_over_positions():
    # 20 equal bins, 10,000 numbers: chi-square with 19 degrees of freedom exceeds 45.97 once in 2,000.
    for numbers in ([uniform(s, 5) for s in range(10_000)], [uniform(5, p) for p in range(10_000)]):
        counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
        assert ((counts - 500) ** 2 / 500).sum() < 45.97


@pytest.mark.slow
def test_draws_over_many_seeds_follow_the_processed_distribution():
    logits = torch.randn(50, generator=torch.Generator().manual_seed(1)) * 2
    settings = [SamplingSettings(True, 0.8, 12, 0.95, seed) for seed in range(12_000)]
    expected = process(logits, IDS, settings[0], 3)[0].double().softmax(-1).numpy() * len(settings)
    counts = np.zeros(50)
    for one in settings:
        counts[choose(logits, IDS, one, 3).token_id] += 1
    kept = expected > 0
    assert counts[~kept].sum() == 0
    # At most 12 kept tokens: 11 degrees of freedom exceed 33.1 once in 2,000.
    assert ((counts[kept] - expected[kept]) ** 2 / expected[kept]).sum() < 33.1


def test_entropy_of_a_uniform_distribution_is_log2_of_its_size():
    assert entropy_bits(torch.full((8,), 1 / 8)) == pytest.approx(3.0)
    assert entropy_bits(torch.tensor([1.0, 0.0])) == 0.0
