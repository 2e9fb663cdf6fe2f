"""The cost of capturing attention in the prefill, compared with keeping every map.

`python -m bench.attention` prints all figures; each one is also a function for `make bench`.
"""

import json
import resource
import subprocess
import sys
import time
from statistics import median

import torch

from model.capture.capture import Capture
from model.engine.core import LocalEngine
from model.loading.load import load
from model.network.forward import forward, new_cache
from model.network.language_model import LanguageModel
from model.request.recipe import Recipe
from model.source.bundled import BUNDLED_ID, bundled_model_dir
from viz.stages import all_views
from viz.wire.payload import dump

MEGABYTE = 1e6
WAYS = ("plain", "captured", "eager")
TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind. "


def load_bundled() -> LanguageModel:
    """The bundled model in float32 on the CPU."""
    return load(bundled_model_dir(), BUNDLED_ID, "cpu", "float32")


def ids_of(lm: LanguageModel, n: int) -> list[int]:
    """The ids of `n` tokens of English text."""
    return lm.tokenizer(TEXT * n, add_special_tokens=False)["input_ids"][:n]


@torch.inference_mode()
def prefill(lm: LanguageModel, ids: list[int], way: str):
    """One prefill: with plain SDPA, with SDPA and capture, or with eager attention that returns every map."""
    if way == "captured":
        lm.model.set_attn_implementation("captured")
        capture, cache = Capture(), new_cache(lm)
        return capture, cache, forward(lm, ids, cache, capture)
    lm.model.set_attn_implementation("sdpa" if way == "plain" else "eager")
    keep = {"output_attentions": way == "eager"}
    return lm.model(torch.tensor([ids]), past_key_values=new_cache(lm), use_cache=True, logits_to_keep=1, **keep)


def peak_memory(n: int) -> dict[str, float]:
    """Peak memory in MB of a process that loads the model and prefills `n` positions, for each way."""
    command = [sys.executable, "-m", "bench.attention", "peak"]
    runs = {way: [*command, way, str(n)] for way in ("nothing", *WAYS)}
    return {
        way: float(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()[-1])
        for way, run in runs.items()
    }


def own_peak(way: str, n: int) -> float:
    """This process's peak memory in MB after one prefill; with 'nothing', after loading only."""
    lm = load_bundled()
    result = None if way == "nothing" else prefill(lm, ids_of(lm, n), way)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE
    del result
    return peak


def prefill_seconds(lm: LanguageModel, n: int, rounds: int = 7) -> dict[str, float]:
    """Median seconds of a prefill for each way; the ways alternate, so that other load slows all of them."""
    ids, seconds = ids_of(lm, n), {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way in WAYS:
            started = time.perf_counter()
            result = prefill(lm, ids, way)
            seconds[way].append(time.perf_counter() - started)
            del result
    lm.model.set_attn_implementation("captured")
    # The first round is a warm-up.
    return {way: median(rounds[1:]) for way, rounds in seconds.items()}


def view_bytes(engine: LocalEngine, n: int) -> dict[str, int]:
    """Size in bytes of the largest answer of each view, for a prompt of `n` tokens."""
    lm = engine.lm
    recipe = Recipe(lm.tokenizer.decode(ids_of(lm, n)), max_new_tokens=1)
    for run in engine.run(recipe):  # noqa: B007
        pass
    n = len(run.tokens)
    whole = {"query_start": 0, "query_stop": n, "key_start": 0, "key_stop": n}
    requests = {
        "run": {},
        "attention_tile": {"layer": 3, "head": 2, **whole},
        "attention_overview": {"layer_start": 0, "n_positions": n},
        "attention_position": {"layer": 3, "head": 2, "position": n // 2, "n_positions": n},
        "head_scores": {"layer_start": 0, "n_positions": n},
        "kv_cache": {},
    }
    views = all_views()
    return {name: len(dump(views[name](engine, recipe, args)).encode()) for name, args in requests.items()}


def bertviz_bytes(lm: LanguageModel, n: int) -> int:
    """Size in bytes of BertViz's own head view of one layer (all heads, whole prompt) as HTML."""
    import bertviz

    lm.model.set_attn_implementation("eager")
    with torch.inference_mode():
        out = lm.model(torch.tensor([ids_of(lm, n)]), output_attentions=True, use_cache=False)
    lm.model.set_attn_implementation("captured")
    labels = [lm.tokenizer.decode(i) for i in ids_of(lm, n)]
    page = bertviz.head_view(list(out.attentions), labels, include_layers=[3], html_action="return")
    return len(page.data.encode())


def measure() -> dict:
    """All figures of this module."""
    lm = load_bundled()
    engine = LocalEngine(lm)
    return {
        "peak_memory_mb": {n: peak_memory(n) for n in (256, 512, 1024)},
        "prefill_seconds": {n: prefill_seconds(lm, n) for n in (256, 1024)},
        "view_bytes": {n: view_bytes(engine, n) for n in (64, 512, 4096)},
        # At 4,096 tokens it would be 64 times as large as at 512.
        "bertviz_head_view_bytes": {n: bertviz_bytes(lm, n) for n in (64, 512)},
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["peak"]:
        print(own_peak(sys.argv[2], int(sys.argv[3])))
    else:
        print(json.dumps(measure(), indent=1))
