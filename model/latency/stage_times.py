"""Where a forward pass spends its time: separate passes with timers on the parts, compared with passes without.

The run itself has no timers on its layers (its prefill only on embedding and head), so they do not slow it down.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from statistics import fmean

from torch import nn

from model.decode.sampling import choose
from model.layers.block_parts import BlockParts, Part, stream_parts
from model.network.language_model import LanguageModel
from model.network.sequence import CachedSequence
from model.records.latency import StageSplit, StageTimes
from model.records.progress import Progress
from model.records.run import Run
from model.runtime.present import present
from model.runtime.timing import now, timing

PREFILLS = 3
STEPS = 8


def stage_times(lm: LanguageModel, run: Run) -> Iterator[Progress | StageTimes]:
    """Forwards the prompt and up to `STEPS` of the run's tokens again, alternating with timers and without."""
    modules, reason = timed_modules(lm)
    ids = list(run.tokens.ids)
    next_ids = [step.token.id for step in run.steps][:STEPS] or [ids[-1]]
    times: dict[str, list[tuple[dict[str, float], float, float]]] = {"prefill": [], "decode": []}
    sampling: list[float] = []
    hooked, plain = CachedSequence(lm, ids[:1]), CachedSequence(lm, ids[:1])
    for repeat in range(PREFILLS):
        yield Progress("Prefill with timers and without", repeat, PREFILLS)
        if repeat:
            hooked, plain = CachedSequence(lm, ids[:1]), CachedSequence(lm, ids[:1])
        times["prefill"].append(_pair(hooked, plain, ids, modules, repeat))
    for place, token_id in enumerate(next_ids):
        yield Progress("Decoding with timers and without: token", place, len(next_ids))
        times["decode"].append(_pair(hooked, plain, [token_id], modules, place))
        sampling.append(_sampling(lm, run, hooked, [*ids, *next_ids[: place + 1]]))
    yield StageTimes(
        prefill=_split("prefill", len(ids), times["prefill"]),
        decode=_split("decode", 1, times["decode"]),
        tokenize=run.tokens.seconds,
        sampling=fmean(sampling),
        detokenize=run.detokenize_seconds,
        reason=reason,
    )


def timed_modules(lm: LanguageModel) -> tuple[dict[str, nn.Module], str]:
    """The modules to time, named 'part' or 'part layer', and the reason if attention and MLP are not among them."""
    stream = stream_parts(lm)
    modules = {"embed": lm.anatomy.embed, "head": lm.anatomy.head}
    for layer, (block, parts) in enumerate(zip(lm.anatomy.blocks, stream.blocks, strict=False)):
        modules[f"attention {layer}"] = _mixer(block, parts.mixer)
        if parts.mlp is not None and (mlp := _mlp(block, parts)) is not None:
            modules[f"mlp {layer}"] = mlp
    return modules, stream.reason


def _mixer(block: nn.Module, part: Part) -> nn.Module:
    """The mixer itself: where a norm follows it, that norm is the part, and the mixer the block's first child."""
    if not part.normed:
        return part.module
    return next(child for child in block.children() if any(p.ndim > 1 for p in child.parameters()))


def _mlp(block: nn.Module, parts: BlockParts) -> nn.Module | None:
    """The smallest module inside the block that contains all of the MLP's matrices."""
    matrices = {parts.down, *parts.inputs} - {None}
    if not matrices:
        mlp = present(parts.mlp)
        return None if mlp.normed else mlp.module
    candidates = [m for m in block.modules() if matrices <= set(m.modules())]
    smallest = min(candidates, key=lambda m: sum(1 for _ in m.modules()))
    # If the matrices are direct children of the block, only the last of them is timed.
    return parts.down if smallest is block else smallest


def _pair(
    hooked: CachedSequence, plain: CachedSequence, ids: list[int], modules: dict, turn: int
) -> tuple[dict, float, float]:
    """One pass with timers and one without, in an order that alternates by `turn`.

    Returns (seconds by module, seconds with timers, seconds without).
    """
    by_module: dict[str, float] = {}
    seconds = {}
    for name in ("hooked", "plain") if turn % 2 == 0 else ("plain", "hooked"):
        sequence = hooked if name == "hooked" else plain
        device = sequence.lm.device
        with timing(modules, device) if name == "hooked" else nullcontext({}) as inside:
            started = now(device)
            sequence.forward(ids, keep=1)
            seconds[name] = now(device) - started
        by_module |= inside
    return by_module, seconds["hooked"], seconds["plain"]


def _sampling(lm: LanguageModel, run: Run, sequence: CachedSequence, ids: list[int]) -> float:
    started = now(lm.device)
    choose(present(sequence.logits)[0], ids, run.recipe.sampling, len(run.tokens))
    return now(lm.device) - started


def _split(phase: str, n_new: int, times: list[tuple[dict[str, float], float, float]]) -> StageSplit:
    """Means by part; norms, residual sums and the framework's overhead are 'other'."""
    sums: dict[str, float] = {"embed": 0.0, "attention": 0.0, "mlp": 0.0, "head": 0.0}
    for by_module, _, _ in times:
        for name, seconds in by_module.items():
            sums[name.split()[0]] += seconds
    n = len(times)
    total = fmean(hooked for _, hooked, _ in times)
    parts = [(name, part_sum / n) for name, part_sum in sums.items()]
    parts.append(("other", total - sum(seconds for _, seconds in parts)))
    return StageSplit(phase, n_new, tuple(parts), total, fmean(plain for _, _, plain in times), n)
