"""`python -m bench`: every ratio, measured side by side in one run; a table, and bench/results.json."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import attention, decode, page, painted, serving
from bench.classroom import classroom
from bench.page import row
from model.engine.core import LocalEngine

RESULTS = Path(__file__).with_name("results.json")
VIEW_LIMIT_KB = 200.0


def model_rows() -> Iterator[dict]:
    """What needs the model alone."""
    lm = attention.loaded()
    for n in (64, 256, 1024):
        taken = attention.prefill_seconds(lm, n)
        yield row(f"prefill with capture / plain, N={n}", 1e3 * taken["captured"], 1e3 * taken["plain"], "ms", 7)
    rates = decode.decode_rate(lm)
    yield row("decode with capture / generate", rates["ours"], rates["generate"], "tokens/s", decode.ROUNDS)
    taken = decode.branch_seconds(lm, 1000)
    yield row("branch at 1,000 tokens / new prefill", 1e3 * taken["shared"], 1e3 * taken["fresh"], "ms", decode.ROUNDS)
    held = decode.branch_bytes(lm, 200)
    yield row("memory of 100 branches / of 100 runs", held["branches"], held["alone"], "MB", decode.BRANCHES)
    engine = LocalEngine(lm)
    yield from serving.latency_rows(engine)
    yield from serving.speculative_rows(engine)
    yield from serving.batching_rows(engine)
    for n in (64, 512, 4096):
        for view, size in attention.view_bytes(engine, n).items():
            yield row(f"view {view}, N={n} / limit", size / 1e3, VIEW_LIMIT_KB, "KB", 1)
    for n in (64, 512):
        ours = attention.view_bytes(engine, n)["attention_tile"]
        yield row(
            f"one head's map / BertViz head view, N={n}", ours / 1e3, attention.bertviz_bytes(lm, n) / 1e3, "KB", 1
        )


def memory_rows() -> Iterator[dict]:
    """Peak memory above the loaded model, each in a process of its own."""
    for n in (256, 512, 1024):
        peak = attention.peak_memory(n)
        above = {way: peak[way] - peak["nothing"] for way in attention.WAYS}
        yield row(f"memory of a prefill with capture / eager maps, N={n}", above["captured"], above["eager"], "MB", 1)


def painted_rows() -> Iterator[dict]:
    """A click on a head until its map is on the screen, in the longest prompt and in a short one."""
    long, short = painted.head_painted(4096), painted.head_painted(64)
    yield row("click to painted, one head, N=4096 / N=64", long["median_ms"], short["median_ms"], "ms", 5)


def main() -> None:
    """Measures, prints as it goes, writes the results."""
    rows = []
    # Memory first: a process inherits the peak of the one that started it.
    for part in (memory_rows, model_rows, page.measure, painted_rows, classroom):
        for found in part():
            rows.append(found)
            print(f"{found['name']:<62} {found['ours']:>10.4g} {found['reference']:>10.4g} {found['unit']:<9}"
                  f" ratio {found['ratio']:.3g}", flush=True)  # fmt: skip
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"\n{len(rows)} rows in {RESULTS.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
