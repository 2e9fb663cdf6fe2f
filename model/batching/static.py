"""Static batching: waits for all requests, pads them to one length, and decodes until the longest answer ends."""

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
class ServingLog:
    """What was recorded while requests were served: per request its token ids, their times and its start; all steps.

    Times in seconds from the start of the measurement.
    """

    ids: list[list[int]]
    times: list[list[float]]
    started: list[float]
    steps: list[Step] = field(default_factory=list)
    n_blocks: int = 0
    block_size: int = 0


def empty_log(n: int) -> ServingLog:
    """The log of `n` requests before the first step."""
    return ServingLog([[] for _ in range(n)], [[] for _ in range(n)], [0.0] * n)


@torch.inference_mode()
def serve_static(
    lm: LanguageModel, prompts: Sequence[Sequence[int]], requests: Sequence[Request], report: Callable[[int], None]
) -> ServingLog:
    """Decodes all requests greedily in one padded batch. The caller holds `lm.lock`.

    `report(n_tokens)` may raise to end the work. Raises UserError for a model that cannot be padded.
    """
    log = empty_log(len(prompts))
    positions_by = padding_support(lm)
    ids, mask = pad(prompts, lm.device, pad_id(lm))
    cache, started = new_cache(lm), now(lm.device)
    while time.perf_counter() - started < max(request.arrival for request in requests):
        report(0)
        time.sleep(0.01)
    start = now(lm.device) - started
    log.started = [start] * len(prompts)
    n_real = int(mask.sum())
    while True:
        step_start = now(lm.device) - started
        logits = _forward(lm, ids, mask, cache, positions_by)
        end = now(lm.device) - started
        column = logits.argmax(-1)
        live = [row for row in range(len(prompts)) if not _is_done(lm, log.ids[row], requests[row])]
        n_positions = ids.numel()
        n_wasted = n_positions - (n_real if ids.shape[1] > 1 else len(live))
        log.steps.append(Step(step_start, end, len(live), n_positions, n_wasted, 0))
        for row in live:
            log.ids[row].append(int(column[row]))
            log.times[row].append(end)
        report(sum(map(len, log.ids)))
        if all(_is_done(lm, log.ids[row], requests[row]) for row in range(len(prompts))):
            return log
        # A finished row continues with its own output, which is discarded.
        ids = column[:, None]
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)


def pad(prompts: Sequence[Sequence[int]], device: torch.device, token_id: int = 0) -> tuple[Tensor, Tensor]:
    """Pads prompts on the left to the longest: ids and mask, both (request, position)."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[token_id] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, mask


def pad_id(lm: LanguageModel) -> int:
    """The id to pad with; some families (roberta) derive positions from the ids that are not padding."""
    return getattr(lm.model.config.get_text_config(), "pad_token_id", None) or 0


@once_per_model
@torch.inference_mode()
def padding_support(lm: LanguageModel) -> str:
    """How a padded row gets its positions, so that its logits are the same as alone: by 'position_ids' or 'mask'.

    Raises UserError if neither is right. Call it with `lm.lock` held.
    """
    rows = [[(17 * i + 3) % lm.card.n_vocab for i in range(n)] for n in (3, 7)]
    ids, mask = pad(rows, lm.device, pad_id(lm))
    alone = lm.model(torch.tensor(rows[:1], device=lm.device), use_cache=False).logits[0, -1].float()
    allowed = LOGIT_TOLERANCE[lm.dtype] * float(alone.abs().max())
    takes_positions = "position_ids" in signature(lm.model.forward).parameters
    error = math.inf
    for positions_by in ("position_ids", "mask") if takes_positions else ("mask",):
        logits = _forward(lm, ids, mask, new_cache(lm), positions_by)[0]
        error = min(error, float((logits - alone).abs().max()))
        if error <= allowed:
            return positions_by
    raise UserError(
        f"Batching is off for {lm.card.model_id!r}: with padding on its left a prompt of {len(rows[0])} tokens gets "
        f"logits that differ by {error:.2g} from those it gets alone ({allowed:.1g} is allowed)."
    )


def _forward(lm: LanguageModel, ids: Tensor, mask: Tensor, cache: Cache, positions_by: str) -> Tensor:
    """Logits (request, vocab) of the last position. Positions are counted without the padding."""
    positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    arguments = cache_argument(lm, cache) | ({"position_ids": positions} if positions_by == "position_ids" else {})
    # A recurrent family's mask covers only the new positions, and decoded ones have no padding.
    if "cache_params" not in arguments or ids.shape[1] > 1:
        arguments["attention_mask"] = mask
    out = lm.model(ids, use_cache=True, logits_to_keep=1, **arguments)
    return out.logits[:, -1].float()


def _is_done(lm: LanguageModel, ids: list[int], request: Request) -> bool:
    return len(ids) >= request.max_new_tokens or bool(ids and ids[-1] in lm.card.eos_token_ids)
