"""Continuous batching: requests join and leave between steps, with transformers' own engine and its paged cache."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.generation.continuous_batching import ContinuousBatchingManager

from model.batching.static import ServingLog, empty_log
from model.network.language_model import LanguageModel
from model.records.batching import Request, Step
from model.request.errors import UserError
from model.runtime.present import present
from model.runtime.timing import now

BLOCK = 16
MAX_BATCH_POSITIONS = 512
STALLED_SECONDS = 60.0


def serve_continuous(
    lm: LanguageModel, prompts: Sequence[Sequence[int]], requests: Sequence[Request], report: Callable[[int], None]
) -> ServingLog:
    """Serves the requests greedily as they arrive.

    The caller holds `lm.lock` and has set an attention implementation that the engine supports; `report(n_steps)` may
    raise to end the work. Raises UserError if the engine stops or rejects a request.
    """
    log = empty_log(len(prompts))
    log.block_size = BLOCK
    log.n_blocks = sum(blocks_of(len(p) + r.max_new_tokens) for p, r in zip(prompts, requests, strict=True)) + 2
    manager = _manager(lm, log.n_blocks)
    started = now(lm.device)
    try:
        with _recording_steps(lm, manager, log, started):
            _serve(manager, prompts, requests, log, started, report)
    finally:
        manager.stop(block=True, hard_stop=True)
    return log


def blocks_of(n_positions: int) -> int:
    """The number of blocks of the paged cache for this many positions; the last one is rarely full."""
    return math.ceil(n_positions / BLOCK)


def _manager(lm: LanguageModel, n_blocks: int) -> ContinuousBatchingManager:
    ends = list(lm.card.eos_token_ids)
    greedy = GenerationConfig(do_sample=False, eos_token_id=ends or None, pad_token_id=ends[0] if ends else 0)
    paged = ContinuousBatchingConfig(
        page_size=BLOCK,
        num_blocks=n_blocks,
        max_batch_tokens=MAX_BATCH_POSITIONS,
        # Otherwise requests with a common prefix share its blocks, and a block does not belong to one request.
        allow_block_sharing=False,
        auto_switch_to_flash=False,
    )
    model: Any = lm.model
    manager = model.init_continuous_batching(generation_config=greedy, continuous_batching_config=paged)
    manager.start()
    return manager


@contextmanager
def _recording_steps(
    lm: LanguageModel, manager: ContinuousBatchingManager, log: ServingLog, started: float
) -> Iterator[None]:
    """Records every forward pass of the engine: its times, requests, positions, and blocks in use."""
    starts: list[float] = []

    def before(module, args, kwargs):
        starts.append(now(lm.device) - started)

    def after(module, args, kwargs, out):
        bounds = kwargs["cu_seq_lens_q"].tolist()
        allocators = present(manager.batch_processor).cache.cache_allocators.values()
        blocks = sum(len(table) for allocator in allocators for table in allocator.block_table.values())
        n_positions = kwargs["input_ids"].numel()
        end = now(lm.device) - started
        log.steps.append(Step(starts[-1], end, len(bounds) - 1, n_positions, n_positions - bounds[-1], blocks))

    handles = [
        lm.model.register_forward_pre_hook(before, with_kwargs=True),
        lm.model.register_forward_hook(after, with_kwargs=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _serve(
    manager: ContinuousBatchingManager,
    prompts: Sequence[Sequence[int]],
    requests: Sequence[Request],
    log: ServingLog,
    started: float,
    report: Callable[[int], None],
) -> None:
    """Adds each request when it arrives, and collects the results until all are done."""
    waiting = sorted(range(len(requests)), key=lambda row: requests[row].arrival)
    n_left, last_result = len(requests), time.monotonic()
    while n_left:
        while waiting and time.perf_counter() - started >= requests[waiting[0]].arrival:
            row = waiting.pop(0)
            manager.add_request(
                list(prompts[row]),
                request_id=str(row),
                max_new_tokens=requests[row].max_new_tokens,
                record_timestamps=True,
            )
        result = manager.get_result(timeout=0.02)
        report(len(log.steps))
        if result is None:
            if not waiting and time.monotonic() - last_result > STALLED_SECONDS or not manager.is_running():
                raise _stopped(manager)
            continue
        last_result, n_left = time.monotonic(), n_left - 1
        if result.error:
            raise _refused(result.error)
        row = int(result.request_id)
        log.ids[row] = list(result.generated_tokens)
        log.times[row] = [stamp - started for stamp in present(result.timestamps)]
        log.started[row] = result.lifespan[0] - started


def _stopped(manager: ContinuousBatchingManager) -> UserError:
    """Why no result will come. The thread may have died of an error before a request reached it."""
    if fatal := manager.background_thread_status.fatal_error:
        return _refused(str(fatal))
    return UserError("transformers' continuous batching stopped without an answer. Try fewer requests.")


def _refused(reason: str) -> UserError:
    return UserError(f"transformers' continuous batching refused a request: {reason:.200}")
