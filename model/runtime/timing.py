"""Seconds spent inside modules, by forward hooks that are gone afterwards, even on error."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn


def now(device: torch.device) -> float:
    """Wall clock in seconds, after the device has finished what was asked of it."""
    if device.type == "cuda":
        # All of them: a model may be spread over several.
        for index in range(torch.cuda.device_count()):
            torch.cuda.synchronize(index)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


@contextmanager
def timing(modules: dict[str, nn.Module], device: torch.device) -> Iterator[dict[str, float]]:
    """Yields a dict that holds, by name, the seconds spent in each module so far."""
    seconds = dict.fromkeys(modules, 0.0)
    started: dict[str, float] = {}

    def watch(name: str, module: nn.Module, hooks: ExitStack) -> None:
        def before(*_):
            started[name] = now(device)

        def after(*_):
            seconds[name] += now(device) - started[name]

        hooks.enter_context(module.register_forward_pre_hook(before))
        hooks.enter_context(module.register_forward_hook(after))

    with ExitStack() as hooks:
        for name, module in modules.items():
            watch(name, module, hooks)
        yield seconds
