"""Tiles, thumbnails and the attention of one position are reductions of the exact map by their stated rule."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from model.attention import maps
from model.attention.maps import attention_overview, attention_tile, pool, position_attention
from model.capture.capture import Capture
from model.network.forward import forward, new_cache
from model.request.errors import UserError
from tests.tiny import tiny_lm

LONG = 300


@pytest.fixture(scope="module")
def tiny(lm):
    return tiny_lm("llama", lm.tokenizer, num_key_value_heads=2, head_dim=16)


@pytest.fixture(scope="module")
def held(tiny):
    """A run with more positions than a tile has cells; the last three are decoded."""
    captured, cache = Capture(), new_cache(tiny)
    forward(tiny, [13 * i % 997 for i in range(LONG - 3)], cache, captured)
    for token_id in (1, 2, 3):
        forward(tiny, [token_id], cache, captured)
    return captured


def full(held, layer, head):
    """The map by definition, in one piece, in float64."""
    captured = held.layers[layer]
    query = torch.cat([chunk.query for chunk in captured.chunks], 1)[head].double()
    scores = query @ captured.key[head // 2].double().T / 4
    mask = torch.ones(LONG, LONG).tril() == 0
    return scores.masked_fill(mask, -torch.inf).softmax(-1).numpy()


def blocks(matrix, block, reduce):
    starts = range(0, len(matrix), block)
    columns = range(0, matrix.shape[1], block)
    return np.array([[reduce(matrix[i : i + block, j : j + block]) for j in columns] for i in starts])


@pytest.mark.parametrize("rule", ["max", "mean"])
@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_pooling_is_the_rule_of_each_block_also_of_the_last_that_is_not_full(rule, block):
    weights = torch.rand(3, 50, 37)
    ours = pool(weights, block, rule)
    for head in range(3):
        expected = blocks(weights[head].numpy(), block, getattr(np, rule))
        assert_allclose(ours[head].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("rule", ["max", "mean"])
def test_a_map_that_is_too_large_arrives_as_blocks_of_the_exact_map(tiny, held, rule, monkeypatch):
    # Small strips, so that blocks touch the edges of strips.
    monkeypatch.setattr(maps, "WEIGHTS_AT_ONCE", 20_000)
    tile = attention_tile(tiny, held, 1, 3, (0, LONG), (0, LONG), rule)
    assert tile.block == 2
    assert_allclose(tile.pattern, blocks(full(held, 1, 3), 2, getattr(np, rule)), atol=1e-6)


def test_zooming_in_reaches_the_exact_weights(tiny, held):
    tile = attention_tile(tiny, held, 0, 1, (40, 296), (10, 200))
    assert tile.block == 1
    assert_allclose(tile.pattern, full(held, 0, 1)[40:296, 10:200], atol=1e-6)


def test_the_overview_is_every_heads_block_maximum_in_pieces_of_bounded_cost(tiny, held, monkeypatch):
    monkeypatch.setattr(maps, "WEIGHTS_PER_CALL", 1)
    for layer in (0, 1):
        found = attention_overview(tiny, held, layer, LONG)
        assert (found.layer_start, found.layer_stop, found.block) == (layer, layer + 1, 15)
        for head in range(4):
            expected = blocks(full(held, layer, head), 15, np.max)
            assert_allclose(found.thumbnails[0, head] / 255, expected, atol=0.5 / 255 + 1e-6)


def test_the_whole_overview_of_the_bundled_model_stays_under_its_bytes(lm):
    held, n = Capture(), 50
    forward(lm, range(n), new_cache(lm), held)
    found = attention_overview(lm, held, 0, n)
    assert (found.layer_stop, found.thumbnails.shape) == (30, (30, 9, 17, 17))
    assert found.thumbnails.nbytes <= maps.OVERVIEW_BYTES


def test_one_position_has_its_row_and_its_column_and_the_largest_first(tiny, held):
    position, exact = 120, full(held, 1, 2)
    found = position_attention(tiny, held, 1, 2, position, LONG)
    assert_allclose(found.row, exact[position], atol=1e-6)
    assert_allclose(found.column, exact[:, position], atol=1e-6)
    order = np.argsort(-exact[:, position])[:12]
    assert_array_equal(np.sort(found.attended_by.positions), np.sort(order))
    assert (np.diff(found.attended_by.weights) <= 0).all()
    assert found.attended_by.total == pytest.approx(exact[:, position].sum(), abs=1e-5)
    assert found.attends_to.total == pytest.approx(1, abs=1e-6)
    first = position_attention(tiny, held, 1, 2, 0, LONG)
    assert_array_equal(first.attends_to.positions, [0])


def test_the_first_key_seen_follows_the_sliding_window(lm):
    windowed = tiny_lm("mistral", lm.tokenizer, num_key_value_heads=2, sliding_window=8)
    held = Capture()
    forward(windowed, range(20), new_cache(windowed), held)
    tile = attention_tile(windowed, held, 0, 0, (0, 20), (0, 20))
    assert_array_equal(tile.first_seen, np.maximum(0, np.arange(20) - 7))
    assert (tile.pattern[15, :8] == 0).all()
    assert (tile.pattern[15, 8:16] > 0).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layer": 2}, "layer is 2; it must be a whole number from 0 to 1"),
        ({"layer": -1}, "layer is -1"),
        ({"head": 4}, "head is 4; it must be a whole number from 0 to 3"),
        ({"queries": (0, LONG + 1)}, "query_stop is 301; .* to 300 .this run has 300 positions"),
        ({"queries": (5, 5)}, "query_stop is 5; it must be a whole number from 6"),
        ({"keys": (-1, 5)}, "key_start is -1"),
        ({"rule": "median"}, "rule is 'median'; it must be one of: max, mean"),
    ],
)
def test_what_does_not_exist_is_refused_with_its_limits(tiny, held, asked, message):
    usual = {"layer": 0, "head": 0, "queries": (0, 10), "keys": (0, 10)}
    with pytest.raises(UserError, match=message):
        attention_tile(tiny, held, **(usual | asked))


def test_a_position_that_has_not_been_through_the_model_is_refused(tiny, held):
    with pytest.raises(UserError, match="position is 300; .* from 0 to 299"):
        position_attention(tiny, held, 0, 0, LONG, LONG)
    with pytest.raises(UserError, match="n_positions is 301"):
        attention_overview(tiny, held, 0, LONG + 1)
    with pytest.raises(UserError, match="layer_start is 2"):
        attention_overview(tiny, held, 2, LONG)
