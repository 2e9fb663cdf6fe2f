"""Latencies are those of the run; parts sum to the total; the roofline by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from model.cache.costs import costs_of
from model.engine.core import LocalEngine
from model.latency.latency import latency
from model.latency.roofline import Limits, bound, dot, measure_roofline, under
from model.latency.stage_times import stage_times, timed_modules
from model.network.sequence import CachedSequence
from model.records.kv import PassCost
from model.records.latency import StageTimes
from model.request.recipe import Recipe
from tests.browser import finished, settled
from tests.latencies import RECIPE, ROOF
from tests.runs import answer, last
from tests.tiny import tiny_lm


@pytest.fixture(scope="module")
def run(lm):
    engine = LocalEngine(lm)
    return answer(engine, RECIPE), engine


def test_the_latencies_are_the_runs_own(run):
    made, engine = run
    found = engine.latency.recorded(RECIPE)
    assert found.itl == made.itl
    assert found.itl_p50 == pytest.approx(float(np.median(made.itl)))
    # The 95th percentile of seven times lies seven tenths of the way between the two largest.
    *_, last_but_one, largest = sorted(made.itl)
    assert len(made.itl) == 7
    assert found.itl_p95 == pytest.approx(last_but_one + 0.7 * (largest - last_but_one))
    assert found.decode_rate == pytest.approx(len(made.itl) / sum(made.itl))
    assert found.end_to_end > made.ttft + sum(made.itl)
    # Every call decodes the text again, so the sum is exact only for one and the same run.
    assert latency(made).end_to_end == pytest.approx(made.ttft + sum(made.itl) + made.detokenize_seconds)


def test_tokens_of_another_branch_have_no_latency_in_this_one(run):
    made, engine = run
    branch = Recipe(RECIPE.prompt, forced=((5, 100),), max_new_tokens=8)
    *_, _ = engine.run(branch)
    found = engine.latency.recorded(branch)
    assert found.ttft is None
    assert len(found.itl) == 2  # steps 6 and 7; step 5 was forced and reuses existing logits


@pytest.mark.parametrize(
    ("family", "settings"), [("llama", {}), ("gpt2", {}), ("gpt_neox", {}), ("gemma2", {"head_dim": 16}), ("olmo2", {})]
)
def test_the_parts_of_a_pass_sum_to_it_and_cover_its_matrices(lm, family, settings):
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    engine = LocalEngine(tiny)
    *_, made = engine.run(RECIPE)
    times = last(stage_times(tiny, made), StageTimes)
    for split in (times.prefill, times.decode):
        assert sum(seconds for _, seconds in split.parts) == pytest.approx(split.seconds)
        assert all(seconds > 0 for _, seconds in split.parts), split
    # The timed modules contain every matrix of the blocks exactly once.
    modules, reason = timed_modules(tiny)
    assert reason == ""
    inside = [p for name, m in modules.items() if name[-1].isdigit() for p in m.parameters() if p.ndim > 1]
    blocks = [p for p in tiny.anatomy.blocks.parameters() if p.ndim > 1]
    assert len(inside) == len(blocks)
    assert {id(p) for p in inside} == {id(p) for p in blocks}


def test_timing_leaves_no_hook_behind(run, lm):
    made, _ = run
    before = hooks(lm)
    last(stage_times(lm, made), StageTimes)
    assert hooks(lm) == before


def hooks(lm) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in lm.model.modules())


def test_the_roof_by_hand():
    assert ROOF.attainable(2.0) == 20e9
    assert ROOF.attainable(50.0) == 100e9
    cost = PassCost(n_new=1, n_keys=9, flops=2 * 10**9, cache_bytes=10**8, weight_bytes=9 * 10**8)
    alone, four = dot(ROOF, "decode", cost, 0.2), dot(ROOF, "decode", cost, 0.4, batch=4)
    assert (alone.intensity, alone.achieved, alone.share) == pytest.approx((2.0, 10e9, 0.5))
    assert four.bytes == 9 * 10**8 + 4 * 10**8  # the weights once, the cache of each row separately
    assert four.flops == 8 * 10**9


def test_a_pass_under_the_roof_takes_the_longer_of_computing_and_reading(lm):
    sequence = CachedSequence(lm, [1, 2, 3])
    costs = costs_of(lm, sequence.cache)
    step, long = costs.least(1, 10), costs.least(4096, 4096)
    assert bound(ROOF, step) == (step.weight_bytes + step.cache_bytes) / ROOF.bandwidth
    assert bound(ROOF, long) == long.flops / ROOF.flops


def test_the_measured_limits_are_above_what_the_run_reached(run, lm):
    _, engine = run
    *_, found = _returned(engine.latency.roofline(RECIPE))
    again = measure_roofline(lm)
    assert 0.2 < again.bandwidth / found.roofline.bandwidth < 5
    assert [d.name for d in found.dots] == ["prefill", "decode"]
    # A shared machine may be slower during the measurement than during the run: then the run raises the limits.
    assert all(0 < d.share <= 1 for d in found.dots)
    assert found.dots[1].intensity < found.roofline.flops / found.roofline.bandwidth


def test_a_limit_is_the_most_that_was_ever_seen():
    quick = replace(ROOF, bandwidth=20e9, flops=50e9, n_products=5)
    moments = iter((replace(ROOF, n_products=5), quick))
    limits = Limits(lambda: next(moments))
    assert limits.known is None
    assert limits.ensure_measured() == limits.ensure_measured() == limits.known
    again = limits.measure()
    assert (again.bandwidth, again.flops, again.n_products) == (20e9, 100e9, 10)
    assert not again.bandwidth_by_pass
    # 4e9 FLOP and 1e9 bytes in 20 ms: twice the FLOP/s, and two and a half times the bytes/s, of the products.
    cost = PassCost(n_new=1, n_keys=9, flops=4 * 10**9, cache_bytes=10**8, weight_bytes=9 * 10**8)
    did = dot(again, "decode", cost, 0.02)
    raised = limits.raise_to([did])
    assert did.share > 1
    assert (raised.flops, raised.bandwidth) == pytest.approx((200e9, 50e9))
    assert raised.flops_by_pass
    assert raised.bandwidth_by_pass
    assert under(raised, did).share == pytest.approx(1.0)
    assert limits.raise_to([dot(raised, "decode", cost, 1.0)]) == raised == limits.known


def _returned(generator):
    while True:
        try:
            yield next(generator)
        except StopIteration as stop:
            yield stop.value
            return


def test_the_flops_of_a_batch_are_what_torch_counts(lm):
    own = lm.model.config._attn_implementation
    lm.model.set_attn_implementation("eager")
    try:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            lm.model(torch.full((4, 8), 7), use_cache=False, logits_to_keep=1)
    finally:
        lm.model.set_attn_implementation(own)
    cost = costs_of(lm, CachedSequence(lm, [1, 2, 3]).cache).cached(8, 8)
    assert dot(ROOF, "batch", cost, 1.0, batch=4).flops == pytest.approx(counter.get_total_flops(), rel=1e-3)


def test_the_page_measures_what_is_asked(page, server):
    page.goto(server)
    finished(page)
    settled(page, "latency")
    page.wait_for_selector(".panel-latency .itl .column")
    for place in (0, 1):
        page.locator(".panel-latency button.primary").nth(place).click()
        page.locator(".panel-latency .measure-found").nth(place).wait_for(timeout=60_000)
        page.wait_for_function("() => !document.querySelector('.status .working')", timeout=60_000)
    # The sentence has the numbers of the bar: one step, and the share of its largest part.
    parts = page.locator(".panel-latency .split").nth(1)
    said = page.locator(".panel-latency .measure-said").nth(1).inner_text()
    assert f"({parts.locator('figcaption').inner_text().removeprefix('One decoding step ')} and " in said
    share = re.search(r": ([\d.]+ %)", said).group(1)
    assert share in parts.inner_text()
    assert "FLOP for each byte" in page.inner_text(".panel-latency")
    # Pressing again measures the limits again.
    n_products = (
        "() => Number(/best of (\\d+)/.exec(document.querySelectorAll('.panel-latency .facts')[1].innerText)[1])"
    )
    before = page.evaluate(n_products)
    page.locator(".panel-latency button.primary").nth(1).click()
    page.wait_for_function(f"before => ({n_products})() > before", arg=before, timeout=60_000)
    # New work cancels earlier work with a message, and has the only stop button.
    page.fill("input[name=longest]", "4096")
    page.fill("input[name=largest]", "3")
    buttons, said = page.locator(".panel-latency button.primary"), page.locator(".panel-latency .measure-said")
    buttons.nth(2).click()
    page.wait_for_function("() => document.querySelectorAll('.panel-latency .measure-found')[2].offsetParent")
    assert page.wait_for_selector(".status .working button").inner_text() == "Stop"
    buttons.nth(3).click()
    page.wait_for_function("() => document.querySelectorAll('.panel-latency .measure-found')[3].offsetParent")
    assert "It was stopped there" in said.nth(3).inner_text()
    assert buttons.nth(2).inner_text() == "Measure every length"
    page.wait_for_function("() => !document.querySelector('.status .working')", timeout=60_000)
    assert "3 rows made" in said.nth(4).inner_text()
    buttons.nth(2).click()
    page.wait_for_function(
        "() => document.querySelectorAll('.panel-latency .measure-said')[3].innerText.includes('decoding step')"
    )
    buttons.nth(2).click()
    page.wait_for_function("() => !document.querySelector('.status .working')")
    assert "You stopped it there" in said.nth(3).inner_text()
    page.fill("input[name=longest]", "9999999")
    page.locator(".panel-latency button.primary").nth(2).click()
    page.wait_for_selector(".panel-latency button + .refused")
    assert "9999999" in page.inner_text(".panel-latency .refused")
