"""The engine: typed calls that take a recipe and give records. This one runs the model in this process.

A call is a function of its recipe; traces only make it quick. The page knows these calls and nothing
of where the model lives.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
from torch import Tensor

from model.attention.prefill import prefill
from model.decode.beams import beam_search
from model.decode.finish import as_asked
from model.decode.fork import fork
from model.decode.next_token import Distribution, distribution, step_logits
from model.decode.select import select
from model.decode.surprisal import PromptSurprisal, prompt_surprisal
from model.engine.engine_batching import BatchingCalls
from model.engine.engine_cache import CacheCalls
from model.engine.engine_code import CodeCalls
from model.engine.engine_embed import EmbedCalls
from model.engine.engine_file import FileCalls
from model.engine.engine_head import HeadCalls
from model.engine.engine_latency import LatencyCalls
from model.engine.engine_layers import LayersCalls
from model.engine.engine_model import ModelCalls
from model.engine.engine_prefill import PrefillCalls
from model.engine.engine_speculative import SpeculativeCalls
from model.engine.engine_tokens import TokenCalls
from model.latency.roofline import Limits, measure_roofline
from model.network.forward import forward
from model.network.language_model import LanguageModel
from model.records.beams import Beams
from model.records.run import (
    ModelCard,
    Run,
    Token,
    Tokens,
)
from model.request.errors import Evicted, UserError
from model.request.recipe import Recipe
from model.run.trace import Trace, TraceStore
from model.runtime.budget import Budget
from model.runtime.progress import Progress, with_progress
from model.runtime.stoppable import stoppable
from model.runtime.timing import now
from model.tokens.tokenize import continuation, refuse_beyond, tokenize

# What the traces of all engines of a page may hold together.
TRACE_BYTES = 2 * 1024**3


class LocalEngine(
    BatchingCalls,
    CacheCalls,
    CodeCalls,
    EmbedCalls,
    FileCalls,
    HeadCalls,
    LatencyCalls,
    LayersCalls,
    ModelCalls,
    PrefillCalls,
    SpeculativeCalls,
    TokenCalls,
):
    """Runs one loaded model in this process."""

    def __init__(
        self,
        lm: LanguageModel,
        max_prompt_tokens: int = 4096,
        max_new_tokens: int = 256,
        trace_budget_bytes: int = TRACE_BYTES,
        budget_seconds: int = 120,
    ):
        self.lm = lm
        self.max_prompt_tokens = max_prompt_tokens
        self.max_new_tokens = max_new_tokens
        self.budget_seconds = budget_seconds
        self._store = TraceStore(trace_budget_bytes)
        self._limits = Limits(lambda: measure_roofline(lm))

    def _trace(self, recipe: Recipe) -> Trace:
        trace = self._store.get(recipe.trace_key)
        if trace is None:
            raise Evicted("This run is no longer in memory. Run it again: the numbers will be the same.")
        return trace

    def budget(self) -> Budget:
        """What one live measurement may take from now on."""
        return Budget(self.budget_seconds)

    def limit_traces(self, budget_bytes: int) -> None:
        """How much this engine's traces may hold from now on: engines beside it want some too."""
        self._store.limit(budget_bytes)

    def card(self) -> ModelCard:
        """What the loaded model is."""
        return self.lm.card

    def stoppable(self, unwanted: Callable[[], bool]) -> AbstractContextManager[None]:
        """Calls on this engine inside the context raise Cancelled once `unwanted()` is true."""
        return stoppable(unwanted)

    def check_limits(self, recipe: Recipe) -> None:
        """Raises UserError when a recipe asks for more than this page gives."""
        if recipe.max_new_tokens > self.max_new_tokens:
            raise UserError(
                f"max_new_tokens is {recipe.max_new_tokens}; the limit here is {self.max_new_tokens:,}. "
                "Ask for fewer, or start the page with a larger --max-new-tokens."
            )
        n_vocab = self.lm.card.n_vocab
        if (largest := max((token_id for _, token_id in recipe.forced), default=0)) >= n_vocab:
            raise UserError(
                f"A forced token has id {largest:,}; this model's vocabulary ends at {n_vocab - 1:,}. "
                "Choose a token of this model."
            )

    def tokenize(self, recipe: Recipe) -> Tokens:
        """The recipe's text and tokens. Raises UserError over the prompt limit, and for a token without a row."""
        lm = self.lm
        context = lm.card.context or self.max_prompt_tokens
        tokens = tokenize(lm.vocabulary, recipe, min(self.max_prompt_tokens, context))
        refuse_beyond(tokens.tokens, lm.card.n_vocab)
        return tokens

    def encode(self, recipe: Recipe, text: str) -> tuple[Token, ...]:
        """The tokens of a text to be forced. Raises UserError when it is empty or too long for one choice."""
        tokens = continuation(self.lm.vocabulary, text)
        refuse_beyond(tokens, self.lm.card.n_vocab)
        return tokens

    def run(self, recipe: Recipe, n_steps: int | None = None) -> Iterator[Progress | Run]:
        """Prefill, then token by token: yields progress, and the whole run so far after each stage.

        Stops after `n_steps` generated tokens, at the recipe's limit, at EOS or when the context is
        full. What a trace already holds is given without computing it again.
        """
        self.check_limits(recipe)
        lm = self.lm
        trace = self._store.get(recipe.trace_key)
        if trace is None:
            tokens = self.tokenize(recipe)
            yield Run(recipe, tokens)
            trace = fork(lm, self._store.recent(), recipe, tokens)
            if trace is None:
                trace = yield from self._prefill(lm, recipe, tokens)
            self._store.put(recipe.trace_key, trace)
        shown = as_asked(lm, trace.run, recipe, 0)
        yield shown
        limit = recipe.max_new_tokens if n_steps is None else min(n_steps, recipe.max_new_tokens)
        while len(shown.steps) < limit and not shown.stop.kind:
            shown = as_asked(lm, self._extended(lm, trace, len(shown.steps) + 1), recipe, len(shown.steps) + 1)
            yield shown
        self._store.trim()

    def beams(self, recipe: Recipe, num_beams: int, max_new_tokens: int) -> Beams:
        """The best continuations of the recipe's prompt by beam search."""
        return beam_search(self.lm, recipe, self.tokenize(recipe), num_beams, max_new_tokens)

    def prompt_surprisal(self, recipe: Recipe) -> Generator[Progress, None, PromptSurprisal]:
        """How surprising the prompt's tokens are, by one more forward pass over them; yields how far it is."""
        tokens = self.tokenize(recipe)
        return with_progress(
            lambda report: prompt_surprisal(
                self.lm, tokens, lambda done, n: report(Progress("Scoring: layer", done, n))
            )
        )

    def snapshot(self, recipe: Recipe, n_steps: int | None = None) -> Run:
        """The run as far as it has been computed, or its first `n_steps` generated tokens, without computing more."""
        run = self._trace(recipe).run
        limit = recipe.max_new_tokens if n_steps is None else min(n_steps, recipe.max_new_tokens)
        return as_asked(self.lm, run, recipe, min(len(run.steps), limit))

    def _prefill(self, lm: LanguageModel, recipe: Recipe, tokens: Tokens) -> Generator[Progress, None, Trace]:
        def work(report: Callable[[Progress], None]):
            report(Progress("Waiting for the model", 0, 1))
            with lm.lock:
                report(Progress("Prefill: layer", 0, lm.card.n_layers))
                return prefill(lm, tokens, lambda done, n: report(Progress("Prefill: layer", done, n)))

        record, capture, cache, logits = yield from with_progress(work)
        return Trace(recipe, Run(recipe, tokens, record), capture, cache, [logits])

    def _extended(self, lm: LanguageModel, trace: Trace, n_steps: int) -> Run:
        """The trace's run with at least `n_steps` generated tokens, decoding what is missing."""
        with trace.lock:
            while len(trace.run.steps) < n_steps:
                trace.run = self._decode_one(lm, trace)
            return trace.run

    def _decode_one(self, lm: LanguageModel, trace: Trace) -> Run:
        steps, seconds = trace.run.steps, trace.run.prefill.forward_seconds
        if len(trace.logits) == len(steps):
            logits, seconds = self._feed(lm, trace, steps[-1].token.id)
            trace.logits.append(logits)
        step = select(lm, trace.run, trace.logits[len(steps)], seconds)
        return replace(trace.run, steps=(*steps, step))

    def _feed(self, lm: LanguageModel, trace: Trace, token_id: int) -> tuple[Tensor, float]:
        with lm.lock:
            started = now(lm.device)
            logits = forward(lm, [token_id], trace.cache, trace.capture)
            return logits, now(lm.device) - started

    def logits(self, recipe: Recipe, step: int) -> np.ndarray:
        """The raw logits that chose generated token `step`: float32 (vocab,)."""
        return step_logits(self._trace(recipe), step).numpy().copy()

    def next_token(self, recipe: Recipe, k: int) -> Distribution:
        """The distribution of the first generated token, `k` tokens of it."""
        lm = self.lm
        for _ in self.run(recipe, 0):
            pass
        return distribution(lm, self._trace(recipe), 0, k)
