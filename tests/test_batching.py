"""Requests served together get the same tokens as alone; waste and blocks match the arithmetic."""

import pytest
import torch

from model.batching.both_ways import serve_both
from model.batching.continuous import BLOCK, blocks_of
from model.batching.static import pad
from model.capture.capture import SDPA
from model.engine.core import LocalEngine
from model.records.batching import BatchingRun, Request
from model.records.progress import Progress
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.budget import Budget
from tests.browser import finished, settled
from tests.tiny import tiny_lm
from viz.stages.batching import batching

REQUESTS = (
    Request("The capital of France is", 4, 0.0),
    Request("Once upon a time in a small village by the sea there lived a", 12, 0.0),
    Request("1, 2, 3, 4, 5, 6,", 7, 0.2),
)


def served(engine, requests=REQUESTS):
    return [item for item in engine.batching.serve_both(Recipe("x"), requests) if isinstance(item, BatchingRun)][-1]


@pytest.fixture(scope="module")
def found(lm):
    return served(LocalEngine(lm))


@pytest.mark.parametrize("kind", ["static", "continuous"])
def test_each_request_gets_the_tokens_of_its_own_run(found, engine, kind):
    way = getattr(found, kind)
    for request, one in zip(REQUESTS, way.served, strict=True):
        run = list(engine.run(Recipe(request.prompt, max_new_tokens=request.max_new_tokens)))[-1]
        assert [token.id for token in one.tokens] == [step.token.id for step in run.steps]
        assert one.equal
        assert one.n_prompt == len(run.tokens)


@pytest.mark.parametrize(
    ("family", "settings"), [("gpt2", {}), ("opt", {}), ("qwen3", {"head_dim": 16, "num_key_value_heads": 2})]
)
def test_padding_moves_no_position(lm, family, settings):
    """Learned positions reveal a mistake: a padded row must count from its first real token."""
    tiny = tiny_lm(family, lm.tokenizer, **settings)
    engine = LocalEngine(tiny)
    for request, one in zip(REQUESTS, served(engine).static.served, strict=True):
        ids = torch.tensor([engine.tokenize(Recipe(request.prompt)).ids])
        alone = tiny.model.generate(ids, do_sample=False, max_new_tokens=request.max_new_tokens)
        assert [token.id for token in one.tokens] == alone[0, ids.shape[1] :].tolist()
        assert one.equal


def test_how_a_request_ended_is_said(found, lm):
    for request, one in zip(REQUESTS, found.static.served, strict=True):
        ended = one.tokens[-1].id in lm.card.eos_token_ids
        assert one.ended == ("eos" if ended else "limit")
        assert ended or len(one.tokens) == request.max_new_tokens
    short = served(LocalEngine(lm), (Request("What is gravity? Answer in one sentence.", 9, 0.0),)).static.served[0]
    assert (short.ended, len(short.tokens)) == ("eos", 1)


def test_the_waste_of_a_padded_batch_by_hand(found, lm):
    way = found.static
    lengths = [one.n_prompt for one in way.served]
    n_steps = max(len(one.tokens) for one in way.served)
    pad = 3 * max(lengths) - sum(lengths)
    after = sum(n_steps - len(one.tokens) for one in way.served)
    assert sum(step.n_wasted for step in way.steps) == pad + after
    assert sum(step.n_positions for step in way.steps) == 3 * max(lengths) + 3 * (n_steps - 1)
    assert way.wasted == pytest.approx((pad + after) / (3 * max(lengths) + 3 * (n_steps - 1)))


def test_ids_are_padded_on_the_left_and_masked():
    ids, mask = pad([[5, 6, 7], [8]], torch.device("cpu"))
    assert ids.tolist() == [[5, 6, 7], [0, 0, 8]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]


def test_a_continuous_batch_computes_what_was_asked_and_nothing_else(found):
    way = found.continuous
    # The last token of each request is never forwarded.
    asked = sum(one.n_prompt + len(one.tokens) - 1 for one in way.served)
    assert sum(step.n_positions for step in way.steps) == asked
    assert way.wasted == 0.0


def test_blocks_in_use_are_those_the_positions_fill(found):
    assert [blocks_of(n) for n in (1, 16, 17, 32, 33)] == [1, 1, 2, 2, 3]
    way = found.continuous
    assert way.block_size == BLOCK == 16
    first = way.steps[0]
    assert first.n_requests > 0
    assert first.blocks == sum(blocks_of(one.n_prompt) for one in way.served[: first.n_requests])
    # The last step has the requests that end with it, each with all its positions except that of its last token.
    last, by_end = way.steps[-1], sorted(way.served, key=lambda one: one.times[-1])
    ending = [one.n_prompt + len(one.tokens) - 1 for one in by_end[-last.n_requests :]]
    assert last.blocks == sum(map(blocks_of, ending)) > 1
    assert max(step.blocks for step in way.steps) <= way.n_blocks


def test_a_later_request_joins_between_two_steps(found):
    way = found.continuous
    late = way.served[2]
    assert late.started >= 0.2
    assert way.served[1].times[0] < late.times[0] < way.served[1].times[-1]
    assert found.static.served[0].started >= 0.2  # the padded batch waits for the last arrival


def test_attention_is_captured_again_after_success_failure_and_cancel(lm, monkeypatch):
    engine = LocalEngine(lm)
    assert lm.model.config._attn_implementation == SDPA
    working = engine.batching.serve_both(Recipe("x"), REQUESTS)
    for item in working:
        if isinstance(item, Progress) and item.message.startswith("Serving (continuous)"):
            break
    else:
        pytest.fail("it was through before it could be cancelled")
    assert lm.model.config._attn_implementation != SDPA
    assert lm.lock.locked()
    working.close()
    assert lm.model.config._attn_implementation == SDPA
    assert not lm.lock.locked()

    def broken(*args, **kwargs):
        raise RuntimeError("no paged attention here")

    monkeypatch.setattr(lm.model, "init_continuous_batching", broken, raising=False)
    items = list(serve_both(lm, REQUESTS[:1], [[504, 3575]], Budget(60)))
    assert "no paged attention here" in items[-1].reason
    assert items[-1].static.served[0].equal
    assert lm.model.config._attn_implementation == SDPA
    assert not lm.model._forward_hooks


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Request(" ", 4, 0.0), "empty prompt"),
        (lambda: Request("a", 0, 0.0), "max_new_tokens is 0"),
        (lambda: Request("a", 65, 0.0), "max_new_tokens is 65"),
        (lambda: Request("a", 4, -1.0), "arrival is -1.0"),
    ],
)
def test_bad_requests_are_refused_with_value_and_limit(make, message):
    with pytest.raises(UserError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": " "}, "Request 2 has an empty prompt"),
        ({"max_new_tokens": None}, "Tokens at most of request 2 is empty; type a whole number from 1 to 64"),
        ({"max_new_tokens": 65}, "Tokens at most of request 2 is 65"),
        ({"arrival": None}, "Arrival of request 2 is empty; type a number from 0 to 30"),
        ({"arrival": -1.0}, "Arrival of request 2 is -1.0"),
        ({"prompt": "the " * 600}, "The prompt of request 2 has"),
    ],
)
def test_a_refusal_says_which_request_and_which_field(engine, change, message):
    good = {"prompt": "Cats", "max_new_tokens": 3, "arrival": 0}
    with pytest.raises(UserError, match=message):
        list(batching(engine, Recipe("x"), {"requests": [good, good | change]}))


def test_none_too_many_and_too_long_are_refused(engine):
    for requests, message in (
        ((), "There are 0 requests"),
        (tuple([Request("a", 1, 0.0)] * 13), "There are 13 requests"),
        ((Request("the " * 600, 1, 0.0),), "the limit in a batch is 512"),
    ):
        with pytest.raises(UserError, match=message):
            list(engine.batching.serve_both(Recipe("x"), requests))


def test_the_page_serves_edited_requests_both_ways(page, server, engine):
    page.goto(server)
    finished(page)
    settled(page, "batching")
    page.wait_for_selector(".requests tbody tr >> nth=3")
    # The request that is labelled as the longest really is long.
    longest = Recipe(page.locator(".requests textarea").nth(1).input_value(), max_new_tokens=40)
    assert len(list(engine.run(longest))[-1].steps) == 40
    page.locator(".request-tools button", has_text="Remove").last.click()
    page.locator(".requests textarea").nth(1).fill("Cats and dogs")
    page.click(".panel-batching button.primary")
    page.wait_for_selector(".panel-batching .gantt >> nth=1", timeout=90_000)
    page.wait_for_function("() => !document.querySelector('.status .working')", timeout=60_000)
    assert "exactly the tokens it gets alone" in page.inner_text(".panel-batching .measure-said")
    # Its answer is shown token by token, with the reason why it ended.
    answer = page.locator(".batch-answers li").nth(1)
    alone = list(engine.run(Recipe("Cats and dogs", max_new_tokens=40)))[-1]
    assert answer.locator(".chip").count() == len(alone.steps)
    assert answer.locator(".chip").first.inner_text() == alone.steps[0].token.text.replace(" ", "·")
    assert f"{len(alone.steps)} tokens, limit reached" in answer.inner_text()
    # The chart has as many cells as there are computed positions.
    cells = page.eval_on_selector_all(
        ".padded-row span", "all => all.reduce((sum, cell) => sum + Number(cell.style.getPropertyValue('--n')), 0)"
    )
    assert f"{cells:,} positions" in page.locator(".panel-batching .facts").first.inner_text()
    page.locator(".requests textarea").nth(0).fill(" ")
    page.click(".panel-batching button.primary")
    page.wait_for_selector(".panel-batching button + .refused")
    assert "Request 1 has an empty prompt" in page.inner_text(".panel-batching .refused")
    assert page.locator(".requests textarea").nth(1).input_value() == "Cats and dogs"
