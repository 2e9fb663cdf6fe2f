"""Static batching: wait for all requests, pad them to one length, decode until the longest answer ends."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature

import torch
from torch import Tensor
from transformers import Cache

from model.network.forward import cache_argument, new_cache
from model.network.language_model import LanguageModel
from model.network.per_model import once_per_model
from model.network.tolerances import LOGIT_TOLERANCE
from model.records.batching import Request, Step
from model.request.errors import UserError
from model.runtime.timing import now


@dataclass(eq=False)
class Watched:
    """What was seen while requests were served: ids and times of their tokens, when each started, every step."""

    ids: list[list[int]]
    times: list[list[float]]
    started: list[float]
    steps: list[Step] = field(default_factory=list)
    n_blocks: int = 0
    block_size: int = 0


def nothing_yet(n: int) -> Watched:
    """Before the first step of `n` requests."""
    return Watched([[] for _ in range(n)], [[] for _ in range(n)], [0.0] * n)


@torch.inference_mode()
def serve_static(
    lm: LanguageModel, prompts: Sequence[Sequence[int]], requests: Sequence[Request], report: Callable[[int], None]
) -> Watched:
    """Decodes all requests in one padded batch, greedily. The caller holds `lm.lock`; `report(done)` may raise."""
    seen = nothing_yet(len(prompts))
    way = way_to_pad(lm)
    ids, mask = padded(prompts, lm.device, pad_id(lm))
    cache, began = new_cache(lm), now(lm.device)
    while time.perf_counter() - began < max(request.arrival for request in requests):
        report(0)
        time.sleep(0.01)
    start = now(lm.device) - began
    seen.started = [start] * len(prompts)
    n_real = int(mask.sum())
    while True:
        step_start = now(lm.device) - began
        logits = _forward(lm, ids, mask, cache, way)
        end = now(lm.device) - began
        column = logits.argmax(-1)
        live = [row for row in range(len(prompts)) if not _done(lm, seen.ids[row], requests[row])]
        n_positions = ids.numel()
        wasted = n_positions - (n_real if ids.shape[1] > 1 else len(live))
        seen.steps.append(Step(step_start, end, len(live), n_positions, wasted, 0))
        for row in live:
            seen.ids[row].append(int(column[row]))
            seen.times[row].append(end)
        report(sum(map(len, seen.ids)))
        if all(_done(lm, seen.ids[row], requests[row]) for row in range(len(prompts))):
            return seen
        # A row that has ended goes on with whatever came out: nobody reads it.
        ids = column[:, None]
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)


def padded(prompts: Sequence[Sequence[int]], device: torch.device, pad: int = 0) -> tuple[Tensor, Tensor]:
    """Prompts padded on the left to the longest: ids and mask, both (request, position)."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, mask


def pad_id(lm: LanguageModel) -> int:
    """The id to pad with: some families (roberta) count positions by where it is not."""
    return getattr(lm.model.config.get_text_config(), "pad_token_id", None) or 0


@once_per_model
@torch.inference_mode()
def way_to_pad(lm: LanguageModel) -> str:
    """How a padded row is told its positions, so that it gets the logits it gets alone: by 'position_ids' or 'mask'.

    Raises UserError where neither is right. Call it with `lm.lock` held.
    """
    rows = [[(17 * i + 3) % lm.card.n_vocab for i in range(n)] for n in (3, 7)]
    ids, mask = padded(rows, lm.device, pad_id(lm))
    alone = lm.model(torch.tensor(rows[:1], device=lm.device), use_cache=False).logits[0, -1].float()
    allowed = LOGIT_TOLERANCE[lm.dtype] * float(alone.abs().max())
    known = "position_ids" in signature(lm.model.forward).parameters
    apart = math.inf
    for way in ("position_ids", "mask") if known else ("mask",):
        apart = min(apart, float((_forward(lm, ids, mask, new_cache(lm), way)[0] - alone).abs().max()))
        if apart <= allowed:
            return way
    raise UserError(
        f"Batching is off for {lm.card.model_id!r}: with padding on its left a prompt of {len(rows[0])} tokens gets "
        f"logits that differ by {apart:.2g} from those it gets alone ({allowed:.1g} is allowed)."
    )


def _forward(lm: LanguageModel, ids: Tensor, mask: Tensor, cache: Cache, way: str) -> Tensor:
    """Logits (request, vocab) of the last position. Positions are counted without the padding."""
    positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    held = cache_argument(lm, cache) | ({"position_ids": positions} if way == "position_ids" else {})
    # A recurrent family's mask is for what is fed, and what is decoded has no padding.
    if "cache_params" not in held or ids.shape[1] > 1:
        held["attention_mask"] = mask
    out = lm.model(ids, use_cache=True, logits_to_keep=1, **held)
    return out.logits[:, -1].float()


def _done(lm: LanguageModel, ids: list[int], request: Request) -> bool:
    return len(ids) >= request.max_new_tokens or bool(ids and ids[-1] in lm.card.eos_token_ids)
