"""How much two independent routes to one number may differ, by the number format of the weights."""

import torch

# Two kernels add in another order: 1e-6 after a few float32 layers, 1e-5 after thirty. bfloat16 has 8 bits.
MAP_TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
# Share of the largest logit.
LOGIT_TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
