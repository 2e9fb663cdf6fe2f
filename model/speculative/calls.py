"""The engine's calls for speculative decoding: the available drafts, and decoding with one of them."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property

from model.gguf.llama_server import LlamaServer
from model.loading.load import read_tokenizer
from model.network.cut_cache import can_be_cut
from model.network.forward import new_cache
from model.network.language_model import LanguageModel
from model.records.progress import Progress
from model.records.run import Tokens
from model.records.speculative import DraftChoice, Speculation
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.runtime.present import present
from model.source.bundled import BUNDLED_ID, bundled_model_dir, locate
from model.speculative.drafts import Draft, LookupDraft, ModelDraft, early_exit
from model.speculative.llama_draft import LlamaDraft, why_not
from model.speculative.loop import speculate

BUNDLED_VOCABULARY = 49_152
# The context that the 4-bit weights were trained on; their KV cache takes 23 KB per position.
MAX_CONTEXT = 8192


class SpeculativeCalls:
    """Calls for speculative decoding."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm
        # `ModelPool.opened`, if the engine belongs to a pool.
        self.open_other: Callable | None = None

    def drafts(self) -> tuple[DraftChoice, ...]:
        """The ways to draft, each with the reason if it is unavailable."""
        shallow = "" if self._lm.card.n_layers > 1 else "one layer cannot be left early"
        if len(self._lm.anatomy.head_weight) != self._lm.card.n_vocab:
            shallow = "this model has embeddings of tokens that it never gives"
        kinds = (
            DraftChoice("llama", why_not(locate()) or self._why_not_llama),
            DraftChoice("lookup"),
            DraftChoice("exit", shallow),
            DraftChoice("model"),
        )
        cuttable = can_be_cut(new_cache(self._lm))
        reason = "" if cuttable else "this model's KV cache cannot be cut back after a rejection"
        reason = self._lm.card.uncached or reason
        return tuple(DraftChoice(choice.kind, reason or choice.reason) for choice in kinds)

    def speculate(
        self, recipe: Recipe, kind: str, n_draft: int, n_tokens: int, n_layers: int, draft_model: str
    ) -> Iterator[Progress | Speculation]:
        """Decodes the recipe's prompt speculatively, and plainly for comparison.

        `n_layers` is the number of layers of the kind 'exit', `draft_model` the smaller model of the kind 'model'.
        Raises UserError for a draft that is unknown, unavailable, or does not fit the target.
        """
        choice = next((c for c in self.drafts() if c.kind == kind), None)
        if choice is None:
            raise UserError(
                f"There is no draft {kind!r:.40}. Choose one of: {', '.join(c.kind for c in self.drafts())}."
            )
        if choice.reason:
            raise UserError(f"This draft is off: {choice.reason}. Choose another.")
        tokens = self._core.tokenize(recipe)
        if kind == "llama":
            yield Progress("Loading the 4-bit weights", 0, 1)
        start = Speculation(kind, n_draft, n_tokens, recipe.sampling.do_sample, (), (), None, None, None, "", "", None)
        with (yield from self._smaller(recipe, kind, draft_model)) as smaller:
            draft = self._draft(recipe, tokens, kind, n_layers, smaller.lm if smaller else None)
            yield from speculate(self._lm, recipe, tokens, draft, start, self._core.budget())

    def _draft(self, recipe: Recipe, tokens: Tokens, kind: str, n_layers: int, smaller: LanguageModel | None) -> Draft:
        lm, settings, n_prompt = self._lm, recipe.sampling, len(tokens)
        if kind == "lookup":
            return LookupDraft(lm.card.n_vocab)
        if kind == "llama":
            return LlamaDraft(self._llama, settings, n_prompt, lm.card.n_vocab)
        if kind == "exit":
            require_integer("n_layers", n_layers, 1, lm.card.n_layers - 1, "leave after fewer layers than there are")
            return ModelDraft(early_exit(lm, n_layers), settings, n_prompt, lm.card.n_vocab)
        assert smaller is not None, "the kind 'model' has opened one"
        require_same_tokens(lm, smaller)
        return ModelDraft(smaller, settings, n_prompt, lm.card.n_vocab)

    @cached_property
    def _llama(self) -> LlamaServer:
        context = self._lm.card.context or MAX_CONTEXT
        return LlamaServer(present(locate()), min(context, MAX_CONTEXT))

    @cached_property
    def _why_not_llama(self) -> str:
        """Why the 4-bit weights cannot draft for this model; empty if it has SmolLM2's vocabulary."""
        card = self._lm.card
        if card.model_id == BUNDLED_ID:
            return ""
        theirs = read_tokenizer(bundled_model_dir(), BUNDLED_ID) if card.n_vocab == BUNDLED_VOCABULARY else None
        is_same = theirs is not None and theirs.get_vocab() == self._lm.tokenizer.get_vocab()
        return "" if is_same else "the 4-bit weights are SmolLM2's, and this model has another tokenizer"

    def _smaller(
        self, recipe: Recipe, kind: str, name: str
    ) -> Generator[Progress, None, AbstractContextManager[Core | None]]:
        """A lease of the draft model's engine for the kind 'model'; it is opened like any model of the page."""
        if kind != "model":
            return nullcontext()
        if not name.strip():
            raise UserError("No draft model is named. Give a Hub id or a folder of a smaller model.")
        if self.open_other is None:
            raise UserError("This engine has one model and opens no other. Choose another draft.")
        draft_recipe = replace(recipe, model=name.strip(), revision="", forced=())
        return (
            yield from self.open_other(
                draft_recipe, lambda about: require_smaller(self._lm, about.name, about.n_parameters)
            )
        )


def require_smaller(target: LanguageModel, name: str, n_parameters: int) -> None:
    """Raises UserError for a draft that is not smaller than the target; checked before its weights are read."""
    if n_parameters >= target.card.n_parameters:
        raise UserError(
            f"{name} has {n_parameters:,} parameters, the target {target.card.n_parameters:,}. A draft must be smaller "
            "to be quicker."
        )


def require_same_tokens(target: LanguageModel, draft: LanguageModel) -> None:
    """Raises UserError, with the difference, unless the draft has the target's vocabulary and is smaller."""
    ours, theirs, name = target.tokenizer.get_vocab(), draft.tokenizer.get_vocab(), draft.card.model_id
    if theirs != ours:
        raise UserError(
            f"{name} has another tokenizer: {len(theirs.items() ^ ours.items()):,} entries differ from those of "
            f"{target.card.model_id}. A draft must share the vocabulary; choose a model of the same family."
        )
    require_smaller(target, name, draft.card.n_parameters)
