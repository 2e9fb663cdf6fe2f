"""Tensor to numpy: the one place where numbers leave torch."""

import numpy as np
from torch import Tensor


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A copy: a view would keep the whole tensor alive."""
    return tensor.detach().float().cpu().numpy().copy()
