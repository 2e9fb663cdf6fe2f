"""Where a forward pass spends its time: hooks on the parts, in passes of their own beside passes without hooks.

The run itself is never hooked, so its own times stay what they are.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from statistics import fmean

import torch
from torch import nn

from model.decode.sampling import choose
from model.layers.block_parts import BlockParts, stream_parts
from model.network.language_model import LanguageModel
from model.network.sequence import Decoding
from model.records.latency import StageSplit, StageTimes
from model.records.run import Run
from model.runtime.present import present
from model.runtime.progress import Progress
from model.runtime.timing import now, timing

PREFILLS = 3
STEPS = 8


def stage_times(lm: LanguageModel, run: Run) -> Iterator[Progress | StageTimes]:
    """The prompt and up to `STEPS` of the run's tokens forwarded again, with timers and without, in turns."""
    modules, reason = timed_modules(lm)
    ids = list(run.tokens.ids)
    following = [step.token.id for step in run.steps][:STEPS] or [ids[-1]]
    taken: dict[str, list[tuple[dict[str, float], float, float]]] = {"prefill": [], "decode": []}
    sampling: list[float] = []
    hooked, plain = Decoding(lm, ids[:1]), Decoding(lm, ids[:1])
    for repeat in range(PREFILLS):
        yield Progress("Prefill with timers and without", repeat, PREFILLS)
        if repeat:
            hooked, plain = Decoding(lm, ids[:1]), Decoding(lm, ids[:1])
        taken["prefill"].append(_pair(hooked, plain, ids, modules, repeat))
    for place, token_id in enumerate(following):
        yield Progress("Decoding with timers and without: token", place, len(following))
        taken["decode"].append(_pair(hooked, plain, [token_id], modules, place))
        sampling.append(_sampling(lm, run, hooked, [*ids, *following[: place + 1]]))
    yield StageTimes(
        prefill=_split("prefill", len(ids), taken["prefill"]),
        decode=_split("decode", 1, taken["decode"]),
        tokenize=run.tokens.seconds,
        sampling=fmean(sampling),
        detokenize=run.detokenize_seconds,
        reason=reason,
    )


def timed_modules(lm: LanguageModel) -> tuple[dict[str, nn.Module], str]:
    """The modules to time, named 'part' or 'part layer', and why attention and MLP are not among them."""
    parts = stream_parts(lm)
    modules = {"embed": lm.anatomy.embed, "head": lm.anatomy.head}
    for layer, (block, found) in enumerate(zip(lm.anatomy.blocks, parts.blocks, strict=False)):
        modules[f"attention {layer}"] = _sublayer(block, found.mixer.module, found.mixer.normed, before=True)
        if found.mlp is not None and (mlp := _mlp(block, found)) is not None:
            modules[f"mlp {layer}"] = mlp
    return modules, parts.reason


def _sublayer(block: nn.Module, module: nn.Module, normed: bool, before: bool) -> nn.Module:
    """Where a norm stands behind the sublayer, the sublayer itself: the child that runs before that norm."""
    if not normed:
        return module
    children = [child for child in block.children() if any(p.ndim > 1 for p in child.parameters())]
    return children[0] if before else children[-1]


def _mlp(block: nn.Module, found: BlockParts) -> nn.Module | None:
    """The smallest module inside the block that holds all of the MLP's matrices."""
    wanted = {found.down, *found.inputs} - {None}
    if not wanted:
        mlp = present(found.mlp)
        return None if mlp.normed else mlp.module
    holding = [m for m in block.modules() if wanted <= set(m.modules())]
    smallest = min(holding, key=lambda m: sum(1 for _ in m.modules()))
    # Loose matrices of the block itself are timed by the last of them alone.
    return found.down if smallest is block else smallest


def _pair(hooked: Decoding, plain: Decoding, ids: list[int], modules: dict, turn: int) -> tuple[dict, float, float]:
    """One pass with timers and one without; every other time in the other order."""
    with_timers: dict[str, float] = {}
    seconds = {}
    for way in ("hooked", "plain") if turn % 2 == 0 else ("plain", "hooked"):
        decoding = hooked if way == "hooked" else plain
        device = decoding.lm.device
        with timing(modules, device) if way == "hooked" else nullcontext({}) as inside:
            started = now(device)
            decoding.forward(ids, keep=1)
            seconds[way] = now(device) - started
        with_timers |= inside
    return with_timers, seconds["hooked"], seconds["plain"]


def _sampling(lm: LanguageModel, run: Run, decoding: Decoding, ids: list[int]) -> float:
    started = now(lm.device)
    choose(present(decoding.logits)[0], torch.tensor(ids), run.recipe.sampling, len(run.tokens))
    return now(lm.device) - started


def _split(phase: str, n_new: int, taken: list[tuple[dict[str, float], float, float]]) -> StageSplit:
    """Means by part; norms, residual sums and what the framework does in between are 'other'."""
    sums: dict[str, float] = {"embed": 0.0, "attention": 0.0, "mlp": 0.0, "head": 0.0}
    for inside, _, _ in taken:
        for name, seconds in inside.items():
            sums[name.split()[0]] += seconds
    n = len(taken)
    whole = fmean(hooked for _, hooked, _ in taken)
    parts = [(name, total / n) for name, total in sums.items()]
    parts.append(("other", whole - sum(seconds for _, seconds in parts)))
    return StageSplit(phase, n_new, tuple(parts), whole, fmean(plain for _, _, plain in taken), n)
