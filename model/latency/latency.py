"""A run's own times: TTFT, inter-token latencies and their percentiles, rates."""

import numpy as np

from model.records.latency import Latency
from model.records.run import Run


def latency(run: Run) -> Latency:
    """The latencies of a run that has been decoded so far.

    Tokens that a branch took over from another run were not made in this one: they have no latency here.
    """
    made = tuple(seconds for step, seconds in zip(run.steps[1:], run.itl, strict=True) if not step.reused)
    p50, p95 = (float(np.percentile(made, q)) for q in (50, 95)) if made else (None, None)
    ttft = run.ttft if run.steps and not run.reused_positions else None
    return Latency(
        n_prompt=len(run.tokens),
        n_tokens=len(run.steps),
        ttft=ttft,
        itl=made,
        itl_p50=p50,
        itl_p95=p95,
        end_to_end=(run.ttft or 0.0) + sum(run.itl) + run.detokenize_seconds,
        prefill_rate=len(run.tokens) / run.prefill.forward_seconds if run.prefill else None,
        decode_rate=len(made) / sum(made) if made else None,
    )
