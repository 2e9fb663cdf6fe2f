"""Branches: a run that shares another run's cache gives the same result as a separate run."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.capture.pattern import pattern_rows
from model.engine.core import LocalEngine
from model.records.run import Run
from model.request.recipe import Recipe, SamplingSettings

BASE = Recipe("The weather today is", max_new_tokens=10)
HOT = SamplingSettings(True, 1.2, 50, 0.95, 4)


def finished(engine, recipe: Recipe) -> Run:
    return list(engine.run(recipe))[-1]


def ids(run: Run) -> list[int]:
    return [step.token.id for step in run.steps]


BRANCHES = [
    replace(BASE, forced=((0, 260),)),
    replace(BASE, forced=((4, 260),)),
    replace(BASE, forced=((9, 260),)),
    replace(BASE, sampling=HOT),
    replace(BASE, sampling=HOT, forced=((3, 1000), (4, 1001))),
]


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_equals_a_fresh_run_with_the_same_forced_tokens(lm, branch):
    engine = LocalEngine(lm)
    finished(engine, BASE)
    forked, fresh = finished(engine, branch), finished(LocalEngine(lm), branch)
    assert ids(forked) == ids(fresh)
    assert forked.reused_positions >= len(forked.tokens)
    assert fresh.reused_positions == 0
    for one, other in zip(forked.steps, fresh.steps, strict=True):
        assert one.draw == other.draw
        np.testing.assert_allclose(one.candidates.logits, other.candidates.logits, atol=1e-4)
        assert one.probability == pytest.approx(other.probability, abs=1e-4)


def test_a_branch_forwards_only_what_it_does_not_share(lm, monkeypatch):
    engine, forwarded = LocalEngine(lm), []
    finished(engine, BASE)
    inner = lm.model.forward

    def counted(input_ids, **arguments):
        forwarded.append(input_ids.shape[1])
        return inner(input_ids, **arguments)

    monkeypatch.setattr(lm.model, "forward", counted)
    finished(engine, replace(BASE, forced=((6, 260),)))
    # Tokens 0 to 6 come from shared logits; 6, 7 and 8 are forwarded to get 7, 8 and 9.
    assert forwarded == [1, 1, 1]


def test_the_parent_is_not_changed_by_its_branches(lm):
    engine = LocalEngine(lm)
    before = finished(engine, BASE)
    keys = [layer.keys.clone() for layer in engine.trace(BASE).cache.layers]
    for branch in BRANCHES:
        finished(engine, branch)
    assert ids(finished(engine, BASE)) == ids(before)
    for layer, kept in zip(engine.trace(BASE).cache.layers, keys, strict=True):
        assert torch.equal(layer.keys, kept)


def test_attention_of_a_branch_equals_that_of_a_fresh_run(lm):
    engine, branch = LocalEngine(lm), replace(BASE, forced=((4, 260),))
    finished(engine, BASE)
    finished(engine, branch)
    alone = LocalEngine(lm)
    finished(alone, branch)
    n = engine.trace(branch).capture.n_positions
    assert n == alone.trace(branch).capture.n_positions
    for layer in (0, 11, 29):
        ours = pattern_rows(engine.trace(branch).capture.layers[layer], 0, n, n)
        theirs = pattern_rows(alone.trace(branch).capture.layers[layer], 0, n, n)
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_another_prompt_is_no_parent(lm):
    engine = LocalEngine(lm)
    finished(engine, BASE)
    assert finished(engine, replace(BASE, prompt="The weather today was")).reused_positions == 0


def test_a_shared_step_took_no_forward_time_in_this_run(lm):
    engine = LocalEngine(lm)
    finished(engine, BASE)
    started = time.perf_counter()
    run = finished(engine, replace(BASE, forced=((6, 260),)))
    seconds = time.perf_counter() - started
    assert [step.reused for step in run.steps] == [True] * 7 + [False] * 3
    assert run.itl[3] == run.steps[4].sampling_seconds
    assert run.ttft == pytest.approx(run.tokens.seconds + run.reuse_seconds + run.steps[0].sampling_seconds)
    assert run.ttft + sum(run.itl) < seconds, "its times have more in them than the run took"
