"""Comparing with the golden set finds the effect of a mistake, and ignores that of another CPU."""

import copy

import numpy as np
import pytest

from tests.golden.compare import ANY, MORE, differences, joined
from tests.golden.masks import masked
from tests.golden.reduce import kept, reduced

ANSWER = {
    "ok": {
        "text": " Paris",
        "ids": [7042, 30],
        "bits": [0.5, 14.0],
        "chosen": True,
        "map": kept(np.linspace(0, 1, 5000, dtype=np.float32)),
        "half": kept(np.float16([0.5, 0.25])),
        "levels": kept(np.uint8([0, 128, 255])),
        "top": kept(np.int32([5, 6])),
    }
}


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(answer):
        for name in path:
            answer = answer[name]
        answer[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (put("ok", "text", " paris"), "text"),
        (put("ok", "ids", 1, 31), "ids[1]"),
        (put("ok", "ids", [7042]), "ids"),
        (put("ok", "bits", 0, 0.501), "bits[0]"),
        (put("ok", "bits", 0, None), "bits[0]"),
        (put("ok", "chosen", 1), "chosen"),
        (put("ok", "more", 1), "more: new"),
        (put("ok", "map", kept(np.linspace(0, 1.001, 5000, dtype=np.float32))), "map"),
        (put("ok", "map", kept(np.linspace(0, 1, 5000))), "map.array"),
        (put("ok", "map", "values", 7, 0.9), "map: 1 of"),
        (put("ok", "map", "shape", [50, 100]), "map.shape"),
        (put("ok", "half", "values", 0, 0.502), "half"),
        (put("ok", "levels", "values", 1, 130), "levels"),
        (put("ok", "top", "values", 1, 7), "top"),
        (lambda answer: answer["ok"].pop("text"), "text: missing"),
    ],
)
def test_what_a_mistake_would_change_is_found(change, found):
    changed = copy.deepcopy(ANSWER)
    change(changed)
    assert any(found in line for line in differences(ANSWER, changed))


def test_a_value_that_no_sample_holds_moves_the_mean():
    numbers = np.linspace(0, 1, 5000, dtype=np.float32)
    other = numbers.copy()
    other[np.arange(5000) % kept(numbers)["stride"] != 0] = 0
    assert "mean" in next(differences(kept(numbers), kept(other)))


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: None,
        put("ok", "bits", [0.50003, 14.001]),
        put("ok", "map", kept(np.linspace(0, 1, 5000, dtype=np.float32) + np.float32(5e-6))),
        put("ok", "half", "values", 0, 0.50048828125),
        put("ok", "levels", "values", [1, 127, 254]),
    ],
)
def test_what_another_cpu_changes_is_not(change):
    changed = copy.deepcopy(ANSWER)
    change(changed)
    assert list(differences(ANSWER, changed)) == []


def test_what_several_answers_do_not_agree_in_is_left_open():
    first, other = {"ids": [1, 2], "partial": {"3": 1}}, {"ids": [1, 3], "partial": {"4": 1}}
    golden = joined([first, other])
    assert golden == {"ids": [1, ANY], "partial": {MORE: True}}
    assert not list(differences(golden, other))
    assert list(differences(golden, {"ids": [2, 2], "partial": {}}))


def test_a_masked_time_keeps_its_name_and_a_refusal_its_sentence():
    assert masked({"seconds": 1.5, "itl_ms": [1.0, 2.0]}, "run") == {"seconds": "<number>", "itl_ms": ["<number>"] * 2}
    assert masked({"error": "No."}, "run") == {"error": "No."}
    assert masked({"error": 1e-6}, "run") == {"error": "<number>"}
    renamed = {"latency": {"second": 1.5}}
    assert list(differences(reduced({"latency": {"seconds": 1.5}}, "run"), reduced(renamed, "run")))
