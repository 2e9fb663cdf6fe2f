"""The engine's calls for latency and throughput."""

from collections.abc import Generator, Iterator
from statistics import median

from model.cache.contents import describe_cache
from model.cache.costs import costs_of
from model.cache.sizes import size_of
from model.latency.check_whatif import whatif_checks
from model.latency.estimate import estimate, machines, model_sizes, own_size, this_machine
from model.latency.latency import latency
from model.latency.length_sweep import length_sweep
from model.latency.roofline import Limits, dot, measure_roofline, under
from model.latency.stage_times import stage_times
from model.latency.throughput import throughput
from model.records.estimate import Machine, WhatIf
from model.records.latency import Latency, LengthSweep, RooflineRun, StageTimes, Throughput
from model.records.progress import Progress
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.runtime.present import present

MEASURING = Progress("Measuring memory bandwidth and matrix products", 0, 1)


class LatencyCalls:
    """Calls for latency and throughput."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm
        self._limits = Limits(lambda: measure_roofline(core.lm))

    def recorded(self, recipe: Recipe, n_steps: int | None = None) -> Latency:
        """The times of the run, or of its first `n_steps` generated tokens, as recorded while it ran."""
        return latency(self._core.snapshot(recipe, n_steps))

    def stage_times(self, recipe: Recipe) -> Iterator[Progress | StageTimes]:
        """The time of the run's passes by part, measured in separate passes."""
        return stage_times(self._lm, self._core.snapshot(recipe))

    def roofline(self, recipe: Recipe) -> Generator[Progress, None, RooflineRun]:
        """This machine's limits, measured again at every call, and the run's passes as points under the roofline."""
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
        roofline = self._limits.raise_to(dots)
        return RooflineRun(roofline, tuple(under(roofline, dot) for dot in dots))

    def length_sweep(self, recipe: Recipe, longest: int) -> Iterator[Progress | LengthSweep]:
        """TTFT and ITL over prompt length, with the recipe's own tokens."""
        limit = min(self._core.max_prompt_tokens, (self._lm.card.context or 10**9) - 8)
        if longest > limit:
            raise UserError(f"The longest prompt is {longest:,} tokens; the limit here is {limit:,}. Ask for fewer.")
        yield MEASURING
        self._limits.ensure_measured()
        yield from length_sweep(self._lm, self._core.tokenize(recipe).ids, longest, self._limits, self._core.budget())

    def throughput(self, recipe: Recipe, largest: int) -> Iterator[Progress | Throughput]:
        """Tokens per second over batch size, with the recipe's own prompt."""
        yield MEASURING
        self._limits.ensure_measured()
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
        """One case by formula; `machine` and `model` are indices of the lists, which start with this machine and model.

        `sizes` are (prompt tokens, context length, users). This machine is listed once its limits have been measured.
        """
        machine_list, run = self._machines(), latency(self._core.snapshot(recipe))
        mine = own_size(self._lm.card)
        has_cache = size_of(mine.cache, 1).bytes > 0
        # The formulas are for models with a KV cache; a recurrent model's state does not grow.
        model_list = ((mine,) if has_cache else ()) + model_sizes()
        require_integer("machine", machine, 0, len(machine_list) - 1, "choose one of the list")
        require_integer("model", model, 0, len(model_list) - 1, "choose one of the list")
        own = None
        if self._limits.known and has_cache:
            bits = 8 * self._lm.dtype.itemsize
            own = estimate(machine_list[0], mine, bits, run.n_prompt, run.n_prompt + run.n_tokens, 1, bits)
        return WhatIf(
            estimate=estimate(machine_list[machine], model_list[model], weight_bits, *sizes, cache_bits),
            machines=machine_list,
            models=model_list,
            own=own,
            measured_ttft=run.ttft,
            measured_itl=run.itl_p50,
            checks=whatif_checks(
                self._lm,
                estimate(machine_list[0], mine, weight_bits, *sizes, cache_bits),
                describe_cache(self._core.trace(recipe)),
            )
            if has_cache
            else (),
        )

    def _machines(self) -> tuple[Machine, ...]:
        known = self._limits.known
        here = (this_machine(known, self._lm.device),) if known else ()
        return (*here, *machines())
