"""Devices and number formats that this machine offers, and how much of their memory is free."""

from pathlib import Path

import psutil
import torch

from model.request.errors import UserError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
AUTO = "auto"
SPLIT = "split"  # accelerate's device_map="auto": the model is spread over all accelerators
CGROUP = Path("/sys/fs/cgroup")


def available_devices() -> tuple[str, ...]:
    """The device names that can be chosen on this machine, best first."""
    devices = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True, SPLIT: True}
    return tuple(name for name, available in devices.items() if available)


def choose_device(name: str) -> str:
    """Resolves 'auto' to CUDA, else MPS, else the CPU. Raises UserError for a device this machine lacks."""
    available = available_devices()
    if name == AUTO:
        return available[0]
    if name not in available:
        names = ", ".join(available)
        raise UserError(f"Device {name!r:.40} is not on this machine. Available: {names}. Choose 'auto'.")
    return name


def choose_dtype(name: str, device: str) -> str:
    """Resolves 'auto' to float32 on the CPU, where bfloat16 is slow and less exact, and to bfloat16 elsewhere.

    Raises UserError for an unknown dtype.
    """
    if name == AUTO:
        computes_on_cpu = device == "cpu" or (device == SPLIT and not torch.cuda.is_available())
        return "float32" if computes_on_cpu else "bfloat16"
    if name not in DTYPES:
        raise UserError(f"dtype {name!r:.40} is unknown. Choose one of: auto, {', '.join(DTYPES)}.")
    return name


def free_bytes(device: str) -> int:
    """Free memory for a model's weights on the device, in bytes."""
    if device == "cuda":
        return torch.cuda.mem_get_info()[0]
    if device == SPLIT and torch.cuda.is_available():
        return sum(torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count()))
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(psutil.virtual_memory().available, _free_in_container())


def _free_in_container() -> int:
    """Bytes left under the container's memory limit; without a limit, more than any machine has."""
    try:
        limit = int((CGROUP / "memory.max").read_text())
        used = int((CGROUP / "memory.current").read_text())
        # Cached files count as used, but the kernel drops them when memory is needed.
        stat = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return 2**62
