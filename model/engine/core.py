"""The engine: typed calls that take a recipe and return records. This one runs the model in this process.

A call is a function of its recipe; traces only make it faster. The page knows only these calls, not where the model
runs.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from model.architecture.calls import ArchitectureCalls
from model.attention.calls import AttentionCalls
from model.attention.prefill import start_trace
from model.batching.calls import BatchingCalls
from model.cache.calls import CacheCalls
from model.decode.calls import DecodeCalls
from model.decode.finish import finish_run
from model.decode.fork import fork
from model.decode.loop import decode_steps
from model.embed.calls import EmbedCalls
from model.engine.code_calls import CodeCalls
from model.engine.token_calls import TokenCalls
from model.latency.calls import LatencyCalls
from model.layers.calls import LayersCalls
from model.network.language_model import LanguageModel
from model.records.progress import Progress
from model.records.run import ModelCard, Run, Tokens
from model.request.errors import Evicted, UserError
from model.request.recipe import Recipe
from model.run.calls import FileCalls
from model.run.trace import Trace, TraceStore
from model.run.truncated import truncate
from model.runtime.budget import Budget
from model.runtime.stoppable import stoppable
from model.speculative.calls import SpeculativeCalls
from model.tokens.template import with_date
from model.tokens.tokenize import refuse_beyond, tokenize

# The limit for the traces of all engines of a page together.
TRACE_BYTES = 2 * 1024**3


class LocalEngine:
    """Runs one loaded model in this process. Calls are grouped by stage: `engine.attention.tile(…)`."""

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
        self.traces = TraceStore(trace_budget_bytes)
        self.tokens = TokenCalls(self)
        self.embed = EmbedCalls(self)
        self.attention = AttentionCalls(self)
        self.layers = LayersCalls(self)
        self.decode = DecodeCalls(self)
        self.cache = CacheCalls(self)
        self.latency = LatencyCalls(self)
        self.batching = BatchingCalls(self)
        self.speculative = SpeculativeCalls(self)
        self.architecture = ArchitectureCalls(self)
        self.file = FileCalls(self)
        self.code = CodeCalls(self)

    def card(self) -> ModelCard:
        """The card of the loaded model."""
        return self.lm.card

    def budget(self) -> Budget:
        """A new time limit for one live measurement, starting now."""
        return Budget(self.budget_seconds)

    def limit_traces(self, budget_bytes: int) -> None:
        """Sets the limit for this engine's traces, which share the memory with those of other engines."""
        self.traces.limit(budget_bytes)

    def stoppable(self, is_cancelled: Callable[[], bool]) -> AbstractContextManager[None]:
        """Calls on this engine inside the context raise Cancelled once `is_cancelled()` is true."""
        return stoppable(is_cancelled)

    def check_limits(self, recipe: Recipe) -> None:
        """Raises UserError if a recipe exceeds the limits of this page or the model's vocabulary."""
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

    def dated(self, recipe: Recipe) -> Recipe:
        """The recipe with today's date, if its chat template writes one and the recipe does not say which."""
        return with_date(self.lm.tokenizer, recipe)

    def tokenize(self, recipe: Recipe) -> Tokens:
        """The recipe's text and tokens: those of its run, while that is in memory.

        Raises UserError beyond the prompt limit, and for a token without a row.
        """
        recipe = self.dated(recipe)
        if (trace := self.traces.get(recipe.trace_key)) is not None:
            return trace.run.tokens
        context = self.lm.card.context or self.max_prompt_tokens
        tokens = tokenize(self.lm.vocabulary, recipe, min(self.max_prompt_tokens, context))
        refuse_beyond(tokens.tokens, self.lm.card.n_vocab)
        return tokens

    def run(self, recipe: Recipe, n_steps: int | None = None) -> Iterator[Progress | Run]:
        """Runs the recipe: yields progress during the prefill, and the run so far after it and after each token.

        Stops after `n_steps` generated tokens, at the recipe's limit or stop string, at EOS, or when the context is
        full. Tokens that are already in a trace are not computed again. The runs carry the recipe with its date.
        Raises UserError beyond the limits.
        """
        self.check_limits(recipe)
        recipe = self.dated(recipe)
        trace = self.traces.get(recipe.trace_key)
        if trace is None:
            tokens = self.tokenize(recipe)
            yield Run(recipe, tokens)
            trace = fork(self.lm, self.traces.same_prompt(tokens.ids), recipe, tokens)
            if trace is None:
                trace = yield from start_trace(self.lm, recipe, tokens)
            self.traces.put(recipe.trace_key, trace)
        yield from decode_steps(self.lm, trace, recipe, _at_most(n_steps, recipe.max_new_tokens))
        self.traces.trim()

    def snapshot(self, recipe: Recipe, n_steps: int | None = None) -> Run:
        """The run as computed so far, or its first `n_steps` generated tokens; computes nothing. Raises Evicted."""
        recipe = self.dated(recipe)
        run = self.trace(recipe).run
        return finish_run(self.lm, run, recipe, min(len(run.steps), _at_most(n_steps, recipe.max_new_tokens)))

    def trace(self, recipe: Recipe) -> Trace:
        """The tensors of the recipe's run. Raises Evicted if they are no longer in memory."""
        trace = self.traces.get(self.dated(recipe).trace_key)
        if trace is None:
            raise Evicted("This run is no longer in memory. Run it again: the numbers will be the same.")
        return trace

    def shown(self, recipe: Recipe, n_steps: int | None) -> Trace:
        """The trace truncated to what a page has: its first `n_steps` generated tokens, or all (None)."""
        return truncate(self.trace(recipe), n_steps)


def _at_most(n_steps: int | None, limit: int) -> int:
    return limit if n_steps is None else min(n_steps, limit)
