"""A run's own times: TTFT, inter-token latencies with percentiles, rates."""

import numpy as np

from model.records.latency import Latency
from model.records.run import Run


def latency(run: Run) -> Latency:
    """The latencies of a run so far.

    Tokens that a branch shares with an earlier run were not generated in this one and have no latency here.
    """
    itl = tuple(seconds for step, seconds in zip(run.steps[1:], run.itl, strict=True) if not step.reused)
    p50, p95 = (float(np.percentile(itl, q)) for q in (50, 95)) if itl else (None, None)
    ttft = run.ttft if run.steps and not run.reused_positions else None
    return Latency(
        n_prompt=len(run.tokens),
        n_tokens=len(run.steps),
        ttft=ttft,
        itl=itl,
        itl_p50=p50,
        itl_p95=p95,
        end_to_end=(run.ttft or 0.0) + sum(run.itl) + run.detokenize_seconds,
        prefill_rate=len(run.tokens) / run.prefill.forward_seconds if run.prefill else None,
        decode_rate=len(itl) / sum(itl) if itl else None,
    )
