"""A run that was continued elsewhere is shown as far as a page has it, as if it had not been continued."""

from dataclasses import asdict

import numpy as np
import pytest
from numpy.testing import assert_allclose

from model.engine.core import LocalEngine
from model.request.recipe import Recipe
from model.run.truncated import truncate

RECIPE = Recipe("The Eiffel Tower is in the city of", max_new_tokens=24)
N_STEPS = 3


@pytest.fixture(scope="module")
def engines(lm):
    """One engine whose run went on to 24 tokens, and one whose run stopped after three."""
    longer, shorter = LocalEngine(lm), LocalEngine(lm)
    assert len(list(longer.run(RECIPE))[-1].steps) == 24
    assert len(list(shorter.run(RECIPE, N_STEPS))[-1].steps) == N_STEPS
    return longer, shorter


def same(ours, theirs):
    for name in ours.__dataclass_fields__:
        one, other = getattr(ours, name), getattr(theirs, name)
        if isinstance(one, np.ndarray):
            assert_allclose(one, other, atol=2e-4, err_msg=name)
        elif name not in ("note", "checks"):
            assert one == (pytest.approx(other, abs=2e-4) if isinstance(one, float) else other), name


def test_the_last_token_shown_has_not_been_through_the_model(engines):
    longer, shorter = engines
    trace = truncate(longer.trace(RECIPE), N_STEPS)
    assert trace.fed_ids == shorter.trace(RECIPE).fed_ids
    assert truncate(trace, None) is trace


def test_the_lens_the_stream_and_the_shares_are_of_the_tokens_shown(engines):
    longer, shorter = engines
    last = len(shorter.tokenize(RECIPE)) + N_STEPS - 2
    # Windows recorded for the longer run are not used for the shorter one.
    longer.layers.lens(RECIPE, last, 0)
    same(longer.layers.lens(RECIPE, last, 0, N_STEPS), shorter.layers.lens(RECIPE, last, 0))
    same(longer.layers.residual(RECIPE, last, 5, N_STEPS), shorter.layers.residual(RECIPE, last, 5))
    assert (
        longer.layers.attribution(RECIPE, last, n_steps=N_STEPS).token == shorter.layers.attribution(RECIPE, last).token
    )
    ours, theirs = (
        longer.layers.neurons(RECIPE, 4, last, 5, n_steps=N_STEPS),
        shorter.layers.neurons(RECIPE, 4, last, 5),
    )
    assert [neuron.index for neuron in ours.neurons] == [neuron.index for neuron in theirs.neurons]
    assert longer.layers.lens(RECIPE, 8, 0, 0).target[-1] == -1, "what follows the prompt is not known yet"


def test_the_cache_and_its_costs_are_those_of_the_tokens_shown(engines):
    longer, shorter = engines
    assert asdict(longer.cache.contents(RECIPE, N_STEPS)) == asdict(shorter.cache.contents(RECIPE))
    assert longer.cache.contents(RECIPE).n_positions == longer.cache.contents(RECIPE, N_STEPS).n_positions + 21
    assert longer.cache.step_costs(RECIPE, N_STEPS) == shorter.cache.step_costs(RECIPE)


def test_the_run_is_given_as_far_as_it_was_asked_for(engines):
    longer, shorter = engines
    ours, theirs = longer.snapshot(RECIPE, N_STEPS), shorter.snapshot(RECIPE)
    assert (ours.text, ours.stop) == (theirs.text, theirs.stop)
    assert [step.token.id for step in ours.steps] == [step.token.id for step in theirs.steps]
    assert longer.snapshot(RECIPE, 0).steps == ()
    assert longer.latency.recorded(RECIPE, N_STEPS).itl == longer.latency.recorded(RECIPE).itl[: N_STEPS - 1]
    assert all(check.passed for check in longer.attention.check_run(RECIPE, 2, 1, N_STEPS).checks)
