"""How much two independent computations of a number may differ, by the dtype of the weights."""

import torch

# Two kernels add in different orders: that makes 1e-6 after a few float32 layers, 1e-5 after thirty. bfloat16 has
# 8 significant bits.
MAP_TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
# As a share of the largest logit.
LOGIT_TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
