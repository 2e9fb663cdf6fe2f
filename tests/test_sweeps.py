"""Sweeps over lengths and batch sizes: where the curve bends, what ends them, and rows that equal a single row."""

from dataclasses import replace

import pytest

from model.engine.core import LocalEngine
from model.latency import throughput as throughput_module
from model.latency.length_sweep import length_sweep
from model.latency.roofline import Limits
from model.latency.throughput import bend_of, throughput
from model.records.latency import LengthSweep, Throughput
from model.request.errors import UserError
from model.runtime.budget import Budget
from tests.latencies import RECIPE, ROOF
from tests.runs import answer, last
from tests.tiny import tiny_lm
from viz.stages.latency.measured import JOBS

LIMITS = Limits(lambda: ROOF)


def test_no_measured_pass_stands_above_the_roof(lm):
    """Even if the limits were measured while the machine was slow."""
    tiny, slow = tiny_lm("llama", lm.tokenizer), replace(ROOF, bandwidth=1.0, flops=1.0)
    lengths = last(length_sweep(tiny, [5, 6, 7], 64, Limits(lambda: slow), Budget(60)), LengthSweep)
    assert all(p.prefill >= p.prefill_bound * (1 - 1e-9) for p in lengths.points)
    assert all(p.step >= p.step_bound * (1 - 1e-9) for p in lengths.points)
    assert lengths.roofline.flops_by_pass
    batches = last(throughput(tiny, [5, 6, 7], 4, Limits(lambda: slow), Budget(60)), Throughput)
    assert all(p.dot.share <= 1 + 1e-9 for p in batches.points)


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        # Less than 50 % more from one to two, which is ignored; then more than 50 % per doubling up to 16.
        ([17.5, 19.5, 47.3, 86.0, 132.0, 171.0], (16, True)),
        ([10.0, 20.0, 40.0, 80.0], (None, False)),
        ([10.0, 20.0, 25.0, 50.0, 60.0], (8, False)),
        ([10.0, 11.0, 12.0, 13.0], (1, False)),
        ([10.0, 11.0], (None, True)),
        ([10.0], (None, False)),
    ],
)
def test_the_curve_bends_where_no_doubling_behind_gives_half_as_much_again(rates, found):
    assert bend_of([(2**i, rate) for i, rate in enumerate(rates)]) == found


def test_a_last_size_that_is_no_doubling_is_measured_by_what_it_adds(lm):
    # From 2 to 3 rows, 50 % per doubling is a factor of 1.27.
    assert bend_of([(1, 10.0), (2, 20.0), (3, 25.0)]) == (2, False)
    assert bend_of([(1, 10.0), (2, 20.0), (3, 26.0)]) == (None, False)
    found = last(throughput(tiny_lm("llama", lm.tokenizer), [5, 6, 7], 3, LIMITS, Budget(60)), Throughput)
    assert [p.batch for p in found.points] == [1, 2, 3]


def test_lengths_double_up_to_the_longest_and_the_budget_ends_it(lm):
    tiny = tiny_lm("llama", lm.tokenizer)
    full = last(length_sweep(tiny, [5, 6, 7], 100, LIMITS, Budget(60)), LengthSweep)
    assert [p.n for p in full.points] == [16, 32, 64, 100]
    assert full.ended == "limit"
    assert all(p.prefill_bound > 0 and p.prefill > 0 for p in full.points)
    none = last(length_sweep(tiny, [5, 6, 7], 100, LIMITS, Budget(0)), LengthSweep)
    assert (none.points, none.ended) == ((), "time")


def test_a_sweep_over_the_limit_is_refused_with_both_numbers(lm):
    engine = LocalEngine(lm, max_prompt_tokens=500)
    with pytest.raises(UserError, match="501 tokens; the limit here is 500"):
        list(engine.latency.length_sweep(RECIPE, 501))


def test_an_empty_field_is_called_empty_by_its_name(engine):
    with pytest.raises(UserError, match="Largest batch is empty; type a whole number from 1 to 64"):
        list(JOBS["throughput"](engine, RECIPE, {"largest": None}))
    with pytest.raises(UserError, match="Longest prompt is 31; it must be a whole number from 32"):
        list(JOBS["length_sweep"](engine, RECIPE, {"longest": 31}))


def test_every_row_of_a_batch_gives_the_tokens_of_the_run_alone(lm, monkeypatch):
    made = answer(LocalEngine(lm), RECIPE)
    batches, inner = [], throughput_module._decode

    def watched(*args):
        seconds, rows = inner(*args)
        batches.append(rows)
        return seconds, rows

    monkeypatch.setattr(throughput_module, "_decode", watched)
    found = last(throughput(lm, made.tokens.ids, 4, LIMITS, Budget(60)), Throughput)
    assert [p.batch for p in found.points] == [1, 2, 4]
    assert all(p.equal for p in found.points)
    alone = [step.token.id for step in made.steps]
    assert [[row[: len(alone)] for row in rows] for rows in batches] == [[alone] * n for n in (1, 2, 4)]
    assert found.points[2].rate == pytest.approx(4 / found.points[2].step)
    # Keys and values, 30 layers, 3 heads of 64, 4 bytes.
    assert found.points[2].cache_bytes == 4 * 2 * 30 * 3 * 64 * 4 * len(made.tokens)


def test_a_row_of_a_batch_with_another_token_is_not_called_equal(lm, monkeypatch):
    tiny, inner = tiny_lm("llama", lm.tokenizer), throughput_module._decode

    def wrong(lm, ids, size):
        seconds, rows = inner(lm, ids, size)
        rows[-1][-1] += size == 4
        return seconds, rows

    monkeypatch.setattr(throughput_module, "_decode", wrong)
    found = last(throughput(tiny, [5, 6, 7], 4, LIMITS, Budget(60)), Throughput)
    assert [p.equal for p in found.points] == [True, True, False]


def test_a_batch_that_memory_has_no_room_for_is_not_tried(lm, monkeypatch):
    monkeypatch.setattr("model.latency.throughput.free_bytes", lambda device: 100_000)
    tiny = tiny_lm("llama", lm.tokenizer)
    found = last(throughput(tiny, list(range(100, 110)), 64, LIMITS, Budget(60)), Throughput)
    assert found.ended == "memory"
    assert found.points[-1].cache_bytes <= 25_000 < 2 * found.points[-1].cache_bytes
