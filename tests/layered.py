"""Short runs of tiny models whose layers are structured in different ways."""

from functools import cache

import torch

from model.engine.core import LocalEngine
from model.request.recipe import Recipe
from model.run.trace import Trace
from tests.test_capture import FAMILIES
from tests.tiny import LATENT, tiny_lm

LAYERED = {
    **FAMILIES,
    "gemma2": {**FAMILIES["gemma2"], "final_logit_softcapping": 5.0},
    "phi": {},
    "cohere": {"num_key_value_heads": 2},
    "granite": {"num_key_value_heads": 2, "residual_multiplier": 0.4, "logits_scaling": 3.0},
    "deepseek_v3": LATENT,
    # It computes attention in its own code, with the residual added inside.
    "bloom": {"attention": "eager"},
    "mamba": {"state_size": 8},
}
SEQUENTIAL = ("llama", "gpt2", "opt", "qwen3", "gemma2", "gemma3_text", "mistral", "phi3", "olmo2", "granite")
PARALLEL = ("gpt_neox", "phi", "cohere")
EXPERTS = ("mixtral", "gpt_oss")
TEXT = "the cat sat on the mat and the cat slept on it all day and all night long"


@cache
def layered(family: str, tokenizer) -> tuple[LocalEngine, Recipe, Trace]:
    """A run of 18 prompt tokens and 5 generated ones: longer than a window of the panel, and than a sliding window."""
    tiny = tiny_lm(family, tokenizer, **LAYERED[family])
    engine, recipe = LocalEngine(tiny), Recipe(TEXT, max_new_tokens=5)
    list(engine.run(recipe))
    trace = engine.trace(recipe)
    assert len(trace.fed_ids) > 18
    return engine, recipe, trace


@torch.inference_mode()
def by_transformers(lm, trace) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Hidden states and logits of the whole run from one plain pass: none of our code."""
    ids = torch.tensor([trace.fed_ids])
    out = lm.model(ids, use_cache=False, output_hidden_states=True)
    states = [states[0] for states in out.hidden_states]
    if lm.card.family == "mamba":
        # Its list starts after the first layer.
        states.insert(0, lm.anatomy.embed(ids)[0])
    return states, out.logits[0]
