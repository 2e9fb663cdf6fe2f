"""Conversion of tensors: to numpy, the only place where numbers leave torch, and to float64."""

import numpy as np
from torch import Tensor


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A float32 copy; a view would keep the whole tensor alive."""
    return tensor.detach().float().cpu().numpy().copy()


def to_double(tensor: Tensor) -> Tensor:
    """The tensor in float64 on the CPU; it is moved first, because not every device supports float64."""
    return tensor.detach().cpu().double()
