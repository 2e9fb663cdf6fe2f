"""The logit lens applies the model's last modules to earlier layers; on the last layer it gives the model's logits."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from model.engine.core import LocalEngine
from model.layers import lens as lens_module
from model.layers.lens import LENS
from model.layers.unembedding import unembedding
from model.request.errors import UserError
from model.request.recipe import Recipe
from tests.layered import LAYERED, by_transformers, layered
from tests.tiny import tiny_lm

# Logits of tiny models are about 1; probabilities of 49,152 tokens about 1e-4.
TINY = 2e-5


def all_rows(engine, recipe, position):
    tiles = [engine.layers.lens(recipe, position, 0)]
    while tiles[-1].row_stop < tiles[-1].n_rows:
        tiles.append(engine.layers.lens(recipe, position, tiles[-1].row_stop))
    return tiles


@pytest.mark.parametrize("family", LAYERED)
def test_the_last_row_is_the_distribution_of_a_plain_pass(lm, family):
    engine, recipe, trace = layered(family, lm.tokenizer)
    _, logits = by_transformers(engine.lm, trace)
    last = all_rows(engine, recipe, 3)[-1]
    probability = logits[last.note.start : last.note.stop].softmax(-1)
    top = probability.topk(5)
    assert_array_equal(last.top_ids[-1], top.indices)
    assert_allclose(last.top_probability[-1], top.values, rtol=1e-4)
    bits = -(probability * probability.log2()).sum(-1)
    assert_allclose(last.entropy[-1], bits, rtol=1e-5)
    check = next(check for check in last.checks if check.name == LENS)
    assert check.error < check.tolerance / 50


def test_earlier_rows_are_norm_and_head_on_transformers_hidden_states(lm, engine):
    recipe = Recipe("The capital of France is")
    list(engine.run(recipe, 4))
    trace = engine.trace(recipe)
    states, _ = by_transformers(lm, trace)
    tiles = all_rows(engine, recipe, 4)
    assert [tile.row_start for tile in tiles] == [0, *(tile.row_stop for tile in tiles[:-1])]
    assert tiles[-1].row_stop == 31
    ids = trace.fed_ids
    follows = [*ids[1:], trace.run.steps[-1].token.id]
    for tile in tiles:
        assert_array_equal(tile.target, follows)
        for row in range(tile.row_start, min(tile.row_stop, 30)):
            with torch.inference_mode():
                logits = lm.model.lm_head(lm.model.model.norm(states[row]))
            probability = logits.double().softmax(-1).numpy()
            at = row - tile.row_start
            assert_allclose(tile.top_probability[at, :, 0], probability.max(-1), rtol=1e-3)
            own = probability[range(len(ids)), follows]
            # The smallest float32 is 1e-45.
            assert_allclose(tile.target_probability[at], own, rtol=2e-3, atol=1e-40)
            # Neighbours may be swapped if they differ by less than rounding.
            ranks = 1 + (probability > own[:, None]).sum(-1)
            assert_allclose(tile.target_rank[at], ranks, rtol=1e-3, atol=1)


def test_a_softcap_and_a_factor_on_the_logits_are_found_by_numbers(lm):
    assert unembedding(layered("gemma2", lm.tokenizer)[0].lm).softcap == 5.0
    assert unembedding(layered("granite", lm.tokenizer)[0].lm).factor == pytest.approx(1 / 3, rel=1e-5)
    assert unembedding(layered("cohere", lm.tokenizer)[0].lm).factor == pytest.approx(0.0625, rel=1e-5)
    plain = unembedding(layered("llama", lm.tokenizer)[0].lm)
    assert (plain.factor, plain.softcap) == (1.0, None)


@pytest.mark.parametrize("family", ["roberta", "roberta-prelayernorm"])
def test_a_head_that_is_more_than_a_matrix_is_laid_on_every_layer_as_a_whole(lm, family):
    tiny = tiny_lm(family, lm.tokenizer, is_decoder=True)
    engine, recipe = LocalEngine(tiny), Recipe("one two three four", max_new_tokens=3)
    list(engine.run(recipe))
    states, _ = by_transformers(tiny, engine.trace(recipe))
    end = getattr(tiny.model.base_model, "LayerNorm", torch.nn.Identity())
    rows = np.concatenate([tile.top_ids for tile in all_rows(engine, recipe, 3)])
    with torch.inference_mode():
        # The model applies its last norm to the last state itself.
        logits = tiny.model.lm_head(torch.stack([*map(end, states[:-1]), states[-1]]))
    assert_array_equal(rows, logits.topk(5).indices)
    with pytest.raises(UserError, match="a logit is no sum|is not shown"):
        engine.layers.attribution(recipe, 3)


def test_what_comes_from_several_calls_is_what_comes_from_one(lm, monkeypatch):
    engine, recipe, _ = layered("llama", lm.tokenizer)
    whole = all_rows(engine, recipe, 5)
    monkeypatch.setattr(lens_module, "MAX_LOGITS", 1)
    pieces = all_rows(engine, recipe, 5)
    assert len(pieces) == 3 > len(whole)
    for name in ("top_ids", "top_probability", "entropy", "target_rank"):
        joined = np.concatenate([getattr(tile, name) for tile in pieces])
        assert_allclose(joined, np.concatenate([getattr(tile, name) for tile in whole]), rtol=1e-5)
    described = {token.id: token.text for tile in pieces for token in tile.tokens}
    for token_id in np.unique(np.concatenate([tile.top_ids.flatten() for tile in pieces])):
        assert described[token_id] == lm.tokenizer.decode([token_id])


def test_before_the_first_token_is_chosen_nothing_follows_the_last_position(lm):
    tiny = layered("llama", lm.tokenizer)[0].lm
    engine, recipe = LocalEngine(tiny), Recipe("one two three")
    list(engine.run(recipe, 0))
    tile = engine.layers.lens(recipe, 0, 0)
    ids = engine.tokenize(recipe).ids
    assert_array_equal(tile.target, [*ids[1:], -1])
    assert (tile.target_rank[:, -1] == 0).all()
    assert np.isnan(tile.target_probability[:, -1]).all()
    assert (tile.target_rank[:, :-1] >= 1).all()


def test_a_model_whose_logits_are_made_otherwise_has_no_lens_and_says_why(lm, monkeypatch):
    tiny = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2)
    own = tiny.model.forward

    def bent(*args, **kwargs):
        out = own(*args, **kwargs)
        out.logits = out.logits + 0.1 * out.logits.roll(1, -1)
        return out

    monkeypatch.setattr(tiny.model, "forward", bent)
    engine, recipe = LocalEngine(tiny), Recipe("one two three")
    list(engine.run(recipe, 1))
    with pytest.raises(UserError, match="No logit lens for 'tiny llama': final norm and unembedding .* miss"):
        engine.layers.lens(recipe, 1, 0)
    with pytest.raises(UserError, match="No logit lens"):
        engine.layers.attribution(recipe, 1)


def test_rows_that_are_not_there_are_refused(lm):
    engine, recipe, _ = layered("llama", lm.tokenizer)
    with pytest.raises(UserError, match="row_start is 3; it must be a whole number from 0 to 2"):
        engine.layers.lens(recipe, 0, 3)


def test_entropy_of_a_hand_made_distribution():
    logits = torch.tensor([[[math.log(1 / 2), math.log(1 / 4), math.log(1 / 8), math.log(1 / 8)]]])
    top, entropy, probability, rank = lens_module._read(logits, torch.tensor([1]))
    assert float(entropy) == pytest.approx(1.75)
    assert (float(probability), int(rank), int(top.indices[0, 0, 0])) == (pytest.approx(0.25), 2, 0)
