"""Each score of a head matches its definition, on patterns made by hand and on eager maps."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from model.attention import head_scores as module
from model.attention.head_scores import NAMES, head_scores, is_after_repeat, repeats, strip_sums
from model.capture.capture import Capture
from model.network.forward import forward, new_cache
from model.request.errors import UserError
from tests.tiny import tiny_lm

N = 8


def means(pattern, tokens):
    """The scores by name of one pattern (query, key), whose rows are passed in two strips."""
    rows, tokens = pattern[None], torch.tensor(tokens)
    cut = 3
    sums = strip_sums(rows[:, 1:cut, :cut], tokens[:cut], 1) + strip_sums(rows[:, cut:], tokens, cut)
    counts = {name: len(tokens) - 1 for name in NAMES} | {"induction": len(repeats(tokens))}
    return {name: float(sums[i, 0]) / (counts[name] or math.nan) for i, name in enumerate(NAMES)}


def pointing(key_of):
    """A pattern whose query i puts all its weight on key_of(i)."""
    pattern = torch.zeros(N, N)
    for i in range(N):
        pattern[i, key_of(i)] = 1.0
    return pattern


def test_a_head_that_looks_at_the_token_before_has_previous_one_and_distance_one():
    found = means(pointing(lambda i: max(0, i - 1)), range(N))
    assert (found["previous"], found["distance"], found["entropy"], found["own"]) == (1, 1, 0, 0)
    assert found["first"] == pytest.approx(1 / 7)  # position 0 is the previous one of position 1


def test_a_sink_head_has_first_one_and_the_mean_distance_to_the_start():
    found = means(pointing(lambda i: 0), range(N))
    assert (found["first"], found["own"], found["distance"]) == (1, 0, 4)


def test_a_head_that_looks_at_itself_has_own_one_and_no_distance():
    found = means(pointing(lambda i: i), range(N))
    assert (found["own"], found["previous"], found["distance"]) == (1, 0, 0)


def test_an_even_head_has_the_entropy_of_its_row_lengths():
    even = torch.ones(N, N).tril() / torch.arange(1, N + 1)[:, None]
    expected = np.mean([math.log2(i + 1) for i in range(1, N)])
    assert means(even, range(N))["entropy"] == pytest.approx(expected, abs=1e-6)


def test_induction_looks_at_what_followed_the_same_token_before():
    tokens = [5, 6, 7, 8, 5, 6, 7, 8]
    assert means(pointing(lambda i: max(0, i - 3)), tokens)["induction"] == 1
    assert means(pointing(lambda i: max(0, i - 4)), tokens)["induction"] == 0
    # Three equal tokens: both earlier ones count, but never the query's own position.
    assert repeats(torch.tensor([9, 9, 9])) == [2]
    assert is_after_repeat(torch.tensor([9, 9, 9]), torch.arange(3)).tolist() == [
        [False, False, False],
        [False, False, False],
        [False, True, False],
    ]


def test_a_prompt_without_a_repeated_token_has_no_induction_score():
    assert math.isnan(means(pointing(lambda i: 0), range(N))["induction"])


def by_loops(pattern, ids):
    """The definitions written out, position by position, in float64."""
    n, terms = len(ids), {name: [] for name in NAMES}
    for i in range(1, n):
        row = pattern[i]
        terms["previous"].append(row[i - 1])
        terms["first"].append(row[0])
        terms["own"].append(row[i])
        terms["entropy"].append(-sum(a * math.log2(a) for a in row[: i + 1] if a > 0))
        terms["distance"].append(sum(row[k] * (i - k) for k in range(i + 1)))
        after = [j + 1 for j in range(i) if ids[j] == ids[i] and j + 1 < i]
        if after:
            terms["induction"].append(sum(row[k] for k in after))
    return {name: np.mean(values) for name, values in terms.items()}, len(terms["induction"])


@pytest.mark.parametrize("prompt", ["one two three, one two three, one two", "to be or not to be, that is it"])
def test_the_bundled_models_scores_are_those_of_its_eager_maps(lm, prompt, monkeypatch):
    # Small limits, so that several strips and calls are needed.
    monkeypatch.setattr(module, "WEIGHTS_AT_ONCE", 500)
    monkeypatch.setattr(module, "WEIGHTS_PER_CALL", 8_000)
    ids = lm.tokenizer(prompt)["input_ids"]
    held = Capture()
    forward(lm, ids, new_cache(lm), held)
    implementation = lm.model.config._attn_implementation
    lm.model.set_attn_implementation("eager")
    with torch.inference_mode():
        maps = lm.model(torch.tensor([ids]), output_attentions=True, use_cache=False).attentions
    lm.model.set_attn_implementation(implementation)
    start = 0
    while start < 30:
        found = head_scores(lm, held, tuple(ids), start, len(ids))
        assert found.layer_stop > start
        for layer in range(start, found.layer_stop):
            for head in (0, 4, 8):
                expected, n_repeats = by_loops(maps[layer][0, head].double().numpy(), ids)
                assert found.n_repeats == n_repeats > 0
                for name in NAMES:
                    assert_allclose(getattr(found, name)[layer - start, head], expected[name], atol=2e-4)
        start = found.layer_stop


def test_one_position_has_no_score_and_too_many_are_refused(lm):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)
    held = Capture()
    forward(tiny, [1, 2, 3], new_cache(tiny), held)
    assert np.isnan(head_scores(tiny, held, (1, 2, 3), 0, 1).previous).all()
    with pytest.raises(UserError, match="n_positions is 4; .* from 1 to 3"):
        head_scores(tiny, held, (1, 2, 3), 0, 4)
    with pytest.raises(UserError, match="layer_start is 2; .* from 0 to 1"):
        head_scores(tiny, held, (1, 2, 3), 2, 3)
