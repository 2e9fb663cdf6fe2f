"""A cache that evicts equals a pass with an explicit mask; one that quantises takes a quarter of the bytes."""

import pytest
import torch
from transformers import Cache
from transformers.cache_utils import DynamicSlidingWindowLayer

from model.cache.race import pass_over, tensor_bytes
from model.cache.variants import cache_variant, other_cache
from model.engine.core import LocalEngine
from model.records.kv import Variant
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.budget import Budget
from tests.tiny import tiny_lm

PROMPT = "The quick brown fox jumps over the lazy dog and then"


def explicit(tiny, ids, n_prompt, window, sinks):
    """Logits of each position from one pass without a cache: a decoded row sees its window and the first tokens."""
    n = len(ids)
    rows, keys = torch.arange(n)[:, None], torch.arange(n)[None]
    seen = (keys <= rows) & ((rows < n_prompt) | (keys > rows - window + sinks) | (keys < sinks))
    # A row within the first window sees all positions before it.
    seen |= (keys <= rows) & (rows < window)
    mask = torch.zeros(1, 1, n, n).masked_fill(~seen, torch.finfo(torch.float32).min)
    with torch.inference_mode():
        return tiny.model(torch.tensor([ids]), attention_mask=mask, use_cache=False).logits[0]


@pytest.mark.parametrize(("window", "sinks"), [(4, 0), (6, 2), (20, 0), (100, 3)])
def test_a_window_equals_one_pass_with_an_explicit_mask(lm, window, sinks):
    tiny, n_prompt = tiny_lm("llama", lm.tokenizer, num_key_value_heads=2), 11
    ids = [7 * i % 499 for i in range(24)]
    cache = other_cache(tiny, "window", window, sinks)
    logits = [pass_over(tiny, ids[:n_prompt], cache)[0]]
    logits += [pass_over(tiny, [token], cache)[0] for token in ids[n_prompt:]]
    whole = explicit(tiny, ids, n_prompt, window, sinks)[n_prompt - 1 :]
    torch.testing.assert_close(torch.stack(logits), whole, atol=1e-4, rtol=0)
    kept = min(24, window - 1)
    assert tensor_bytes(cache) == 2 * 2 * 2 * 16 * 4 * kept


def test_a_window_without_sinks_is_transformers_own_sliding_layer(lm):
    tiny, ids = tiny_lm("llama", lm.tokenizer), [5 * i % 499 for i in range(20)]
    ours, theirs = other_cache(tiny, "window", 6, 0), Cache(layers=[DynamicSlidingWindowLayer(6) for _ in range(2)])
    for part in (ids[:4], *([token] for token in ids[4:])):
        torch.testing.assert_close(pass_over(tiny, part, ours)[0], pass_over(tiny, part, theirs)[0], atol=1e-5, rtol=0)
    assert tensor_bytes(ours) == tensor_bytes(theirs)


def variant(lm, recipe, **arguments):
    items = cache_variant(lm, recipe, LocalEngine(lm).tokenize(recipe), Budget(60), **arguments)
    return [item for item in items if isinstance(item, Variant)][-1]


def test_a_window_that_holds_everything_changes_nothing(lm):
    found = variant(lm, Recipe(PROMPT), kind="window", n_tokens=4, window=500)
    assert found.first_different is None
    assert [s.drift for s in found.steps] == [0.0] * 4
    assert (found.text, found.bytes) == (found.other_text, found.other_bytes)


def test_a_small_window_parts_where_the_first_tokens_differ(lm):
    found = variant(lm, Recipe(PROMPT), kind="window", n_tokens=10, window=4)
    at = found.first_different
    assert at > 0, "the first token follows from the prompt, which both prefill completely"
    assert [s.token.id == s.other.id for s in found.steps[: at + 1]] == [True] * at + [False]
    assert [s.drift is None for s in found.steps] == [False] * (at + 1) + [True] * (9 - at)
    assert found.steps[0].drift == 0.0 < found.steps[at].drift
    assert found.other_bytes == 2 * 30 * 3 * 64 * 4 * 3


def test_tokens_that_a_person_chose_do_not_hide_where_the_answers_part(lm):
    free = variant(lm, Recipe(PROMPT), kind="window", n_tokens=10, window=4)
    chosen = Recipe(PROMPT, forced=tuple((index, 7) for index in range(10)))
    found = variant(lm, chosen, kind="window", n_tokens=10, window=4)
    assert (found.text, found.other_text) == (free.text, free.other_text)
    assert found.first_different == free.first_different < 10


def test_eight_bit_floats_take_a_quarter_and_round(lm):
    found = variant(lm, Recipe(PROMPT), kind="fp8", n_tokens=4)
    # Besides the numbers, two float32 scales per layer.
    assert found.other_bytes == found.bytes // 4 + 30 * 2 * 4
    assert found.steps[0].drift == 0.0 < found.steps[1].drift < 5


def test_a_model_whose_layers_forget_by_themselves_says_so(lm):
    sliding = tiny_lm("gemma3_text", lm.tokenizer, num_key_value_heads=2, head_dim=16, sliding_window=8)
    with pytest.raises(UserError, match="full attention in every layer"):
        variant(sliding, Recipe("one two"), kind="window", n_tokens=2)
