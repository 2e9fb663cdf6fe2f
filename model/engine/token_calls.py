"""The engine's calls for the Tokenize and Detokenize stages."""

from collections.abc import Sequence
from dataclasses import replace

from model.records.run import Token
from model.records.tokens import Detokenization, LanguageCount, ModelInput, Path, Replay, Share
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.tokens.bpe import replay
from model.tokens.detokenize import detokenize
from model.tokens.languages import count_languages
from model.tokens.pieces import path, seen, shares
from model.tokens.tokenize import continuation, refuse_beyond


class TokenCalls:
    """What may be asked about tokens, and about text made of them."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def seen(self, recipe: Recipe, chat: bool) -> ModelInput:
        """What the model sees of the recipe's prompt, with the chat template or without."""
        asked = replace(recipe, chat=chat)
        return seen(self._lm.vocabulary, asked, self._core.tokenize(asked))

    def encode(self, recipe: Recipe, text: str) -> tuple[Token, ...]:
        """The tokens of a text to be forced. Raises UserError when it is empty or too long for one choice."""
        tokens = continuation(self._lm.vocabulary, text)
        refuse_beyond(tokens, self._lm.card.n_vocab)
        return tokens

    def shares(self, recipe: Recipe, n: int) -> tuple[tuple[Share, ...], ...]:
        """For each of the run's first `n` tokens, the parts of characters it holds."""
        return shares(self._sequence(recipe, n))

    def path(self, recipe: Recipe, position: int) -> Path:
        """The pieces around a prompt token."""
        tokens = self._core.tokenize(recipe)
        hint = "select a token of the prompt"
        require_integer("position", position, 0, len(tokens) - 1, hint)
        return path(self._lm.vocabulary, tokens, position)

    def merges(self, recipe: Recipe, position: int) -> Replay:
        """The BPE merges of the piece that holds a prompt token."""
        found = self.path(recipe, position)
        piece = next(p for p in found.pieces if p.index == found.selected)
        if piece.added:
            raise UserError(
                f"{piece.written} is an entry of its own, found whole before the text is cut. Nothing is merged."
            )
        return replay(self._lm.vocabulary, piece.written)

    def languages(self, recipe: Recipe, sentences: Sequence[tuple[str, str, str]]) -> tuple[LanguageCount, ...]:
        """How many tokens each sentence (code, name, text) takes."""
        return count_languages(self._lm.vocabulary, sentences)

    def detokenize(self, recipe: Recipe, n: int, around: int, prompt: bool) -> Detokenization:
        """The run's prompt, or its first `n` generated tokens, joined to text."""
        tokens = self._core.tokenize(recipe)
        if prompt:
            return detokenize(self._lm.vocabulary, tokens.tokens, around)
        generated = self._sequence(recipe, len(tokens) + n)[len(tokens) :]
        return detokenize(self._lm.vocabulary, generated, around, tokens.ids)

    def _sequence(self, recipe: Recipe, n: int) -> tuple[Token, ...]:
        run = self._core.trace(recipe).run
        tokens = run.tokens.tokens + tuple(step.token for step in run.steps)
        require_integer("n", n, 0, len(tokens), "it counts the tokens of the run so far")
        return tokens[:n]
