"""`python -m bench`: measures every ratio side by side in one run, prints a table, and writes bench/results.json."""

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
    """The measurements that need only the model."""
    lm = attention.load_bundled()
    for n in (64, 256, 1024):
        seconds = attention.prefill_seconds(lm, n)
        yield row(f"prefill with capture / plain, N={n}", 1e3 * seconds["captured"], 1e3 * seconds["plain"], "ms", 7)
    rates = decode.decode_rate(lm)
    yield row("decode with capture / generate", rates["ours"], rates["generate"], "tokens/s", decode.ROUNDS)
    times = decode.branch_seconds(lm, 1000)
    yield row("branch at 1,000 tokens / new prefill", 1e3 * times["shared"], 1e3 * times["fresh"], "ms", decode.ROUNDS)
    megabytes = decode.branch_bytes(lm, 200)
    yield row("memory of 100 branches / of 100 runs", megabytes["branches"], megabytes["alone"], "MB", decode.BRANCHES)
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
    """Peak memory above that of the loaded model, each measured in a separate process."""
    for n in (256, 512, 1024):
        peak = attention.peak_memory(n)
        above = {way: peak[way] - peak["nothing"] for way in attention.WAYS}
        yield row(f"memory of a prefill with capture / eager maps, N={n}", above["captured"], above["eager"], "MB", 1)


def painted_rows() -> Iterator[dict]:
    """The time from a click on a head until its map is painted, for the longest prompt and a short one."""
    long, short = painted.head_painted(4096), painted.head_painted(64)
    yield row("click to painted, one head, N=4096 / N=64", long["median_ms"], short["median_ms"], "ms", 5)


def main() -> None:
    """Measures, prints each row as soon as it is known, and writes the results."""
    rows = []
    # Memory first, because a process inherits the peak of its parent.
    for part in (memory_rows, model_rows, page.measure, painted_rows, classroom):
        for result in part():
            rows.append(result)
            print(f"{result['name']:<62} {result['ours']:>10.4g} {result['reference']:>10.4g} {result['unit']:<9}"
                  f" ratio {result['ratio']:.3g}", flush=True)  # fmt: skip
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"\n{len(rows)} rows in {RESULTS.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
