"""A trace as far as a page has it: another visitor of the same run, or this one a moment later, may have gone on."""

from dataclasses import replace

from model.run.trace import Trace


def truncated(trace: Trace, n_steps: int | None) -> Trace:
    """The trace with its first `n_steps` generated tokens, or all; tensors and what was looked at are shared with it.

    The last of these tokens has not been through the model, and the first was chosen by the prefill's own logits.
    """
    if n_steps is None or n_steps >= max(len(trace.run.steps), len(trace.logits)):
        return trace
    run = replace(trace.run, steps=trace.run.steps[:n_steps])
    return replace(trace, run=run, logits=trace.logits[: max(1, n_steps)])
