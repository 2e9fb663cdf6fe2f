"""A cancelled view ends at its next tensor operation, wherever that is, and leaves nothing behind."""

import json
import threading
import time

import pytest
import torch

from model.engine.core import LocalEngine
from model.request.errors import Cancelled
from model.request.recipe import Recipe
from tests.ready import Ready
from tests.tiny import tiny_lm
from viz.stages import all_views
from viz.wire.answers import answer_view
from viz.wire.halts import REMEMBERED, Halts

ASKED = Recipe("The capital of France is", max_new_tokens=3)
LOOKS = {
    "layers_lens": {"position": 3, "row_start": 0, "n": 8},
    "layers_attribution": {"position": 3, "token": None, "against": None, "n": 8},
    "layers_neurons": {"layer": 1, "position": 3, "k": 5, "n": 8},
    "layers_residual": {"position": 3, "layer": 1},
    "head_scores": {"layer_start": 0, "n_positions": 5},
    "one_head": {"layer": 1, "head": 1, "query": 3, "key": None},
    "head_checks": {"layer": 1, "head": 1, "query": 3, "key": 1},
    "embed_nearest": {"token_id": 30, "k": 5},
    "embed_map": {"n": 5, "position": 3},
}


@pytest.fixture
def tiny(lm):
    engine = LocalEngine(tiny_lm("llama", lm.tokenizer))
    list(engine.run(ASKED))
    return engine


def after(n: int):
    """An `is_cancelled` that returns true after `n` calls, and the list of its calls."""
    asked = []
    return lambda: asked.append(None) or len(asked) > n, asked


def hooks(engine) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in engine.lm.model.modules())


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_stopped_anywhere_leaves_nothing_behind(tiny, name):
    def look():
        found = all_views()[name](tiny, ASKED, LOOKS[name])
        return {field: value for field, value in found.items() if field != "seconds"}

    free, (wanted, asked) = hooks(tiny), after(10**9)
    whole = look()
    with tiny.stoppable(wanted):
        assert look() == whole
    for n in {0, 1, len(asked) // 3, len(asked) // 2, len(asked) - 1}:
        with pytest.raises(Cancelled), tiny.stoppable(after(n)[0]):
            look()
        assert hooks(tiny) == free
        assert not tiny.lm.lock.locked()
    assert look() == whole


def test_a_halted_look_ends_while_it_is_under_way(tiny):
    halts, begun, answers = Halts(), threading.Event(), []

    def endless(engine, recipe, args):
        begun.set()
        while True:
            torch.ones(4).sum()

    def ask():
        asked = {"id": "one", "name": "endless", "recipe": json.loads(ASKED.to_json())}
        answers.append(json.loads(answer_view({"endless": endless}, Ready(tiny), json.dumps(asked), halts)))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert begun.wait(30)
    halts.add("another")
    time.sleep(0.2)
    assert not answers
    halts.add("one")
    thread.join(30)
    assert [answer["reason"] for answer in answers] == ["stopped"]


def test_the_latest_halts_are_remembered():
    halts = Halts()
    for number in range(REMEMBERED + 3):
        halts.add(str(number))
    assert [str(number) in halts for number in (0, 2, 3, REMEMBERED + 2)] == [False, False, True, True]
