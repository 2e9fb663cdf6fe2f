"""Seconds spent inside modules, measured by forward hooks that are removed afterwards, even on error."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn


def now(device: torch.device) -> float:
    """Wall-clock seconds, read after the device has finished all queued work."""
    if device.type == "cuda":
        # Synchronise all GPUs: a model may be spread over several.
        for index in range(torch.cuda.device_count()):
            torch.cuda.synchronize(index)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


@contextmanager
def timing(modules: dict[str, nn.Module], device: torch.device) -> Iterator[dict[str, float]]:
    """Yields a dict from name to the seconds spent in that module so far."""
    seconds = dict.fromkeys(modules, 0.0)
    starts: dict[str, float] = {}

    def add_hooks(name: str, module: nn.Module, hooks: ExitStack) -> None:
        def before(*_):
            starts[name] = now(device)

        def after(*_):
            seconds[name] += now(device) - starts[name]

        hooks.enter_context(module.register_forward_pre_hook(before))
        hooks.enter_context(module.register_forward_hook(after))

    with ExitStack() as hooks:
        for name, module in modules.items():
            add_hooks(name, module, hooks)
        yield seconds
