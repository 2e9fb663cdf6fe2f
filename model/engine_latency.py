"""The engine's calls about latency and throughput."""

from collections.abc import Generator, Iterator
from functools import cached_property
from statistics import median

from model.costs import costs_of
from model.errors import UserError
from model.language_model import LanguageModel
from model.latency import latency
from model.length_sweep import length_sweep
from model.progress import Progress
from model.recipe import Recipe
from model.records_latency import Latency, LengthSweep, RoofedRun, Roofline, StageTimes, Throughput
from model.roofline import dot, measure_roofline
from model.stage_times import stage_times
from model.throughput import throughput


class LatencyCalls:
    """For an engine that has `lm`, `budget()`, `snapshot(recipe)`, `tokenize(recipe)` and `_trace(recipe)`."""

    lm: LanguageModel
    max_prompt_tokens: int

    @cached_property
    def _roofline(self) -> Roofline:
        return measure_roofline(self.lm)

    def latency(self, recipe: Recipe) -> Latency:
        """What the run took, as it was recorded while it ran."""
        return latency(self.snapshot(recipe))

    def stage_times(self, recipe: Recipe) -> Iterator[Progress | StageTimes]:
        """Where the time of the run's passes goes, measured in passes of their own."""
        return stage_times(self.lm, self.snapshot(recipe))

    def roofline(self, recipe: Recipe) -> Generator[Progress, None, RoofedRun]:
        """This machine's limits, measured at first use, and the run's passes below them."""
        yield Progress("Measuring memory bandwidth and matrix products", 0, 1)
        roofline = self._roofline
        run, trace = self.snapshot(recipe), self._trace(recipe)
        costs, n = costs_of(self.lm, trace.cache), len(run.tokens)
        if not costs.layers:
            raise UserError("This model keeps no keys and values: what its steps read is not known by formula.")
        dots = [dot(roofline, "prefill", costs.cached(n, n), run.prefill.forward_seconds)]
        steps = [step.forward_seconds for step in run.steps[1:] if not step.reused]
        if steps:
            dots.append(dot(roofline, "decode", costs.cached(1, n + len(steps) // 2), median(steps)))
        return RoofedRun(roofline, tuple(dots))

    def length_sweep(self, recipe: Recipe, longest: int) -> Iterator[Progress | LengthSweep]:
        """TTFT and ITL over length, with the recipe's own tokens."""
        limit = min(self.max_prompt_tokens, (self.lm.card.context or 10**9) - 8)
        if longest > limit:
            raise UserError(f"The longest prompt is {longest:,} tokens; the limit here is {limit:,}. Ask for fewer.")
        yield Progress("Measuring memory bandwidth and matrix products", 0, 1)
        yield from length_sweep(self.lm, self.tokenize(recipe).ids, longest, self._roofline, self.budget())

    def throughput(self, recipe: Recipe, largest: int) -> Iterator[Progress | Throughput]:
        """Tokens per second over batch size, with the recipe's own prompt."""
        yield Progress("Measuring memory bandwidth and matrix products", 0, 1)
        yield from throughput(self.lm, self.tokenize(recipe).ids, largest, self._roofline, self.budget())
