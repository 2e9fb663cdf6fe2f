"""Decoding with capture compared with `generate`, and the cost of a branch compared with a separate run."""

import time
from dataclasses import replace
from statistics import median

import torch

from bench.attention import ids_of
from model.engine.core import LocalEngine
from model.network.language_model import LanguageModel
from model.request.recipe import Recipe

N_TOKENS = 32
ROUNDS = 5
BRANCHES = 100


def last(events):
    """The last event of an engine's generator."""
    return list(events)[-1]


def decode_rate(lm: LanguageModel) -> dict[str, float]:
    """Greedy tokens per second, alternating: ours (capture, logits, 50 candidates per step) and `generate`."""
    recipe = Recipe("1, 2, 3, 4, 5, 6, 7, 8,", max_new_tokens=N_TOKENS)
    rates = {"ours": [], "generate": []}
    for _ in range(ROUNDS + 1):
        engine = LocalEngine(lm)
        tokens = engine.tokenize(recipe)
        last(engine.run(recipe, 0))
        started = time.perf_counter()
        run = last(engine.run(recipe))
        rates["ours"].append((len(run.steps)) / (time.perf_counter() - started))
        ids = torch.tensor([tokens.ids])
        lm.model.set_attn_implementation("sdpa")
        started = time.perf_counter()
        with torch.inference_mode():
            out = lm.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=N_TOKENS)
        rates["generate"].append((out.shape[1] - len(tokens)) / (time.perf_counter() - started))
        lm.model.set_attn_implementation("captured")
    return {way: median(values[1:]) for way, values in rates.items()}


def branch_seconds(lm: LanguageModel, n: int) -> dict[str, float]:
    """Seconds to the first token of a branch at `n` prompt tokens: with the shared cache, and with a new prefill."""
    recipe = Recipe(lm.tokenizer.decode(ids_of(lm, n)), max_new_tokens=2)
    seconds = {"shared": [], "fresh": []}
    for token_id in range(500, 500 + ROUNDS):
        branch = replace(recipe, forced=((0, token_id),), max_new_tokens=1)
        engine = LocalEngine(lm)
        last(engine.run(recipe))
        for way, branch_engine in (("shared", engine), ("fresh", LocalEngine(lm))):
            started = time.perf_counter()
            last(branch_engine.run(branch))
            seconds[way].append(time.perf_counter() - started)
    return {way: median(values) for way, values in seconds.items()}


def branch_bytes(lm: LanguageModel, n: int) -> dict[str, float]:
    """Megabytes of the traces of 100 branches of one prompt, shared tensors counted once, and of 100 separate runs."""
    recipe = Recipe(lm.tokenizer.decode(ids_of(lm, n)), max_new_tokens=4)
    engine = LocalEngine(lm, trace_budget_bytes=2**40)
    last(engine.run(recipe))
    alone = engine.traces.nbytes()
    for token_id in range(500, 500 + BRANCHES):
        last(engine.run(replace(recipe, forced=((0, token_id),))))
    sizes: dict[int, int] = {}
    for trace in engine.traces.recent(BRANCHES + 1):
        tensors = [t for layer in trace.capture.layers for t in (*layer.keys, *layer.values)]
        tensors += [chunk.query for layer in trace.capture.layers for chunk in layer.chunks]
        tensors += trace.logits
        sizes |= {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return {"branches": sum(sizes.values()) / 1e6, "alone": BRANCHES * alone / 1e6}
