"""Conversion of tensors to numpy, the only place where numbers leave torch."""

import numpy as np
from torch import Tensor


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A float32 copy; a view would keep the whole tensor alive."""
    return tensor.detach().float().cpu().numpy().copy()
