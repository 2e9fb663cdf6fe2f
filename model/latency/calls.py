"""The engine's calls about latency and throughput."""

from collections.abc import Generator, Iterator
from statistics import median

from model.cache.costs import costs_of
from model.cache.sizes import size_of
from model.latency.estimate import estimate, machines, models, own_size, this_machine
from model.latency.latency import latency
from model.latency.length_sweep import length_sweep
from model.latency.roofline import Limits, dot, measure_roofline, under
from model.latency.stage_times import stage_times
from model.latency.throughput import throughput
from model.records.estimate import Machine, WhatIf
from model.records.latency import Latency, LengthSweep, RooflineRun, StageTimes, Throughput
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.runtime.present import present
from model.runtime.progress import Progress

MEASURING = Progress("Measuring memory bandwidth and matrix products", 0, 1)


class LatencyCalls:
    """What may be asked about latency and throughput."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm
        self._limits = Limits(lambda: measure_roofline(core.lm))

    def recorded(self, recipe: Recipe, n_steps: int | None = None) -> Latency:
        """What the run, or its first `n_steps` generated tokens, took, as it was recorded while it ran."""
        return latency(self._core.snapshot(recipe, n_steps))

    def stage_times(self, recipe: Recipe) -> Iterator[Progress | StageTimes]:
        """Where the time of the run's passes goes, measured in passes of their own."""
        return stage_times(self._lm, self._core.snapshot(recipe))

    def roofline(self, recipe: Recipe) -> Generator[Progress, None, RooflineRun]:
        """This machine's limits, measured again at every call, and the run's passes below them."""
        yield MEASURING
        roofline = self._limits.measure()
        run, trace = self._core.snapshot(recipe), self._core.trace(recipe)
        costs, n = costs_of(self._lm, present(trace.cache)), len(run.tokens)
        if not costs.layers:
            raise UserError("This model keeps no keys and values: what its steps read is not known by formula.")
        dots = [dot(roofline, "prefill", costs.least(n, n), present(run.prefill).forward_seconds)]
        steps = [step.forward_seconds for step in run.steps[1:] if not step.reused]
        if steps:
            dots.append(dot(roofline, "decode", costs.least(1, n + len(steps) // 2), median(steps)))
        roofline = self._limits.reached(dots)
        return RooflineRun(roofline, tuple(under(roofline, dot) for dot in dots))

    def length_sweep(self, recipe: Recipe, longest: int) -> Iterator[Progress | LengthSweep]:
        """TTFT and ITL over length, with the recipe's own tokens."""
        limit = min(self._core.max_prompt_tokens, (self._lm.card.context or 10**9) - 8)
        if longest > limit:
            raise UserError(f"The longest prompt is {longest:,} tokens; the limit here is {limit:,}. Ask for fewer.")
        yield MEASURING
        self._limits.measured()
        yield from length_sweep(self._lm, self._core.tokenize(recipe).ids, longest, self._limits, self._core.budget())

    def throughput(self, recipe: Recipe, largest: int) -> Iterator[Progress | Throughput]:
        """Tokens per second over batch size, with the recipe's own prompt."""
        yield MEASURING
        self._limits.measured()
        yield from throughput(self._lm, self._core.tokenize(recipe).ids, largest, self._limits, self._core.budget())

    def what_if(
        self,
        recipe: Recipe,
        machine: int,
        model: int,
        weight_bits: int,
        sizes: tuple[int, int, int],
        cache_bits: int = 16,
    ) -> WhatIf:
        """One case by formula: `machine` and `model` by their place in the lists, this machine and model first.

        `sizes` are prompt, context and users. This machine is in the list once its limits have been measured.
        """
        known, run = self._machines(), latency(self._core.snapshot(recipe))
        mine = own_size(self._lm.card)
        has_cache = size_of(mine.cache, 1).bytes > 0
        # The formulas are of models with a KV cache; a recurrent model's state does not grow.
        sizes_known = ((mine,) if has_cache else ()) + models()
        require_integer("machine", machine, 0, len(known) - 1, "choose one of the list")
        require_integer("model", model, 0, len(sizes_known) - 1, "choose one of the list")
        own = None
        if self._limits.known and has_cache:
            bits = 8 * self._lm.dtype.itemsize
            own = estimate(known[0], mine, bits, run.n_prompt, run.n_prompt + run.n_tokens, 1, bits)
        return WhatIf(
            estimate=estimate(known[machine], sizes_known[model], weight_bits, *sizes, cache_bits),
            machines=known,
            models=sizes_known,
            own=own,
            measured_ttft=run.ttft,
            measured_itl=run.itl_p50,
        )

    def _machines(self) -> tuple[Machine, ...]:
        known = self._limits.known
        here = (this_machine(known, self._lm.device),) if known else ()
        return (*here, *machines())
