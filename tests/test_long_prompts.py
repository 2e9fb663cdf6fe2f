"""Long prompts can be cancelled, evicted and sent in pages; nothing is left behind, and the numbers stay the same."""

import gc
import json
import weakref

import numpy as np
import pytest
import torch

from model.api import Api
from model.capture.capture import Capture
from model.engine.core import LocalEngine
from model.records.progress import Progress
from model.request.errors import Cancelled, Evicted, UserError
from model.request.recipe import Recipe
from model.runtime.progress import with_progress
from tests.tiny import SIZES, tiny_lm
from viz.stages import all_views
from viz.wire.payload import ANSWER_BYTES

LIMIT = 200_000


@pytest.fixture(scope="module")
def tiny(lm):
    """A model of two layers with four heads and a context of 8,192 positions."""
    sizes = {"max_position_embeddings": 8192}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.tiny.SIZES", SIZES | sizes)
        return tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)


def prompt_of(lm, n):
    """A text of exactly n tokens."""
    text = " ".join(f"{i} bottles of beer," for i in range(n))
    ids = lm.tokenizer(text, add_special_tokens=False)["input_ids"][:n]
    made = lm.tokenizer.decode(ids)
    assert len(lm.tokenizer(made, add_special_tokens=False)["input_ids"]) == n
    return made


def tensors_alive():
    return {id(item) for item in gc.get_objects() if type(item) is torch.Tensor}


def test_a_cancelled_prefill_gives_its_memory_back_at_once(lm):
    engine, made = LocalEngine(lm), []
    hooks = [len(block._forward_hooks) for block in lm.anatomy.blocks]
    original = Capture.__init__

    def watched(self, *args, **kwargs):
        original(self, *args, **kwargs)
        made.append(weakref.ref(self))

    gc.collect()
    before = tensors_alive()
    gc.disable()
    try:
        Capture.__init__ = watched
        events = engine.run(Recipe(prompt_of(lm, 600)))
        for event in events:
            if isinstance(event, Progress) and event.done == 7:
                break
        assert made[0]() is not None
        assert len(made[0]().layers) >= 7
        events.close()
        del event
    finally:
        Capture.__init__ = original
        gc.enable()
    # Without a run of the garbage collector: nothing refers to the pass's tensors, not even a traceback.
    assert made[0]() is None
    assert tensors_alive() <= before
    assert len(engine.traces) == 0
    assert not lm.lock.locked()
    assert [len(block._forward_hooks) for block in lm.anatomy.blocks] == hooks
    assert len(list(engine.run(Recipe("Still here", max_new_tokens=2)))) > 30


def test_work_that_is_cancelled_ends_quietly_and_work_that_fails_says_so():
    ended = []

    def work(report):
        try:
            # More than it can finish before it is stopped.
            for i in range(1_000_000):
                report(Progress("step", i, 1_000_000))
        except Cancelled:
            ended.append(True)
            raise

    events = with_progress(work)
    assert next(events).done == 0
    events.close()
    assert ended == [True]

    def failing(report):
        raise ValueError("a real error")

    with pytest.raises(ValueError, match="a real error"):
        list(with_progress(failing))


def test_an_evicted_long_run_is_derived_again_with_progress_and_the_same_maps(lm):
    engine = LocalEngine(lm, trace_budget_bytes=1)
    recipe = Recipe(prompt_of(lm, 300), max_new_tokens=3)
    first = list(engine.run(recipe))
    n = engine.trace(recipe).capture.n_positions
    tile = engine.attention.tile(recipe, 11, 4, (0, n), (0, n))
    scores = engine.attention.head_scores(recipe, 0, n)
    list(engine.run(Recipe("Something else", max_new_tokens=1)))
    with pytest.raises(Evicted):
        engine.attention.tile(recipe, 11, 4, (0, n), (0, n))
    again = list(engine.run(recipe))
    reported = [(event.message, event.done) for event in again if isinstance(event, Progress)]
    assert reported == [("Waiting for the model", 0), *(("Prefill: layer", done) for done in range(31))]
    assert [s.token.id for s in again[-1].steps] == [s.token.id for s in first[-1].steps]
    np.testing.assert_array_equal(engine.attention.tile(recipe, 11, 4, (0, n), (0, n)).pattern, tile.pattern)
    np.testing.assert_array_equal(engine.attention.head_scores(recipe, 0, n).previous, scores.previous)


def sent(view, engine, recipe, **args):
    """The answer, and its size in bytes as sent to the page."""
    answer = all_views()[view](engine, recipe, args)
    return answer, len(json.dumps(answer, separators=(",", ":")).encode())


def test_no_view_of_4096_tokens_is_over_its_bytes_and_the_tokens_arrive_whole(tiny):
    engine = LocalEngine(tiny)
    recipe = Recipe(prompt_of(tiny, 4096), max_new_tokens=2)
    run = list(engine.run(recipe))[-1]
    assert len(run.tokens) == engine.max_prompt_tokens == 4096
    tokens, answers, done = [], 0, None
    while done is None or not done["steps"]:
        done, size = sent("run", engine, recipe, tokens_from=len(tokens))
        assert size <= LIMIT
        tokens += done["tokens"]
        answers += 1
    assert [token["id"] for token in tokens] == list(run.tokens.ids)
    assert "".join(token["text"] for token in tokens) == run.tokens.text
    assert answers <= 4 * 4096 * 200 / ANSWER_BYTES
    n = 4097
    for name, args in {
        "attention_tile": dict(layer=1, head=1, query_start=0, query_stop=n, key_start=0, key_stop=n),
        "attention_overview": dict(layer_start=0, n_positions=n),
        "attention_position": dict(layer=1, head=1, position=2000, n_positions=n),
        "head_scores": dict(layer_start=0, n_positions=n),
        "kv_cache": {},
    }.items():
        assert sent(name, engine, recipe, **args)[1] <= LIMIT, name


def test_a_whole_pattern_by_the_api_has_a_limit_and_names_it(tiny):
    engine = LocalEngine(tiny)
    with pytest.raises(UserError, match=r"has 1,025 tokens; a whole pattern is given for up to 1,024"):
        Api(lambda: engine).attention(prompt_of(tiny, 1025))
