"""How much two independent computations of a number may differ, by the dtype of the weights."""

import torch

# Two kernels add in different orders: that makes 1e-6 after a few float32 layers, 1e-5 after thirty.
FLOAT32 = 1e-4
# What a 16-bit pass rounds at every layer adds up: after thirty layers of the bundled model two passes differ by 6
# roundings in their weights, and by 3 of the largest logit. Twice that is allowed.
_MAP_ROUNDINGS, _LOGIT_ROUNDINGS = 12, 6
_HALF = (torch.float16, torch.bfloat16)
MAP_TOLERANCE = {torch.float32: FLOAT32, **{dtype: _MAP_ROUNDINGS * torch.finfo(dtype).eps for dtype in _HALF}}
# As a share of the largest logit.
LOGIT_TOLERANCE = {torch.float32: FLOAT32, **{dtype: _LOGIT_ROUNDINGS * torch.finfo(dtype).eps for dtype in _HALF}}
# One position forwarded again by the same kernels, over the run's own keys and values, compared in float32.
AGAIN_TOLERANCE = {torch.float32: FLOAT32, **{dtype: 4 * torch.finfo(dtype).eps for dtype in _HALF}}
# One attention call: its output is rounded once, and its weights once before they meet the values.
CALL_TOLERANCE = {torch.float32: FLOAT32, **{dtype: 2 * torch.finfo(dtype).eps for dtype in _HALF}}
