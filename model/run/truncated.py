"""Truncates a trace to the tokens that a page has: the run may have continued since, for this visitor or another."""

from dataclasses import replace

from model.run.trace import Trace


def truncate(trace: Trace, n_steps: int | None) -> Trace:
    """The trace with its first `n_steps` generated tokens (None: all); it shares tensors and windows with the original.

    At least the logits of the prefill are kept: the first token is chosen from them.
    """
    if n_steps is None or n_steps >= max(len(trace.run.steps), len(trace.logits)):
        return trace
    run = replace(trace.run, steps=trace.run.steps[:n_steps])
    return replace(trace, run=run, logits=trace.logits[: max(1, n_steps)])
