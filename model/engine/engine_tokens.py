"""The engine's calls for the Tokenize and Detokenize stages."""

from collections.abc import Sequence
from dataclasses import replace

from model.network.language_model import LanguageModel
from model.records.run import Token
from model.records.tokens import Detokenization, LanguageCount, ModelInput, Path, Replay, Share
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.tokens.bpe import replay
from model.tokens.detokenize import detokenize
from model.tokens.languages import count_languages
from model.tokens.pieces import path, seen, shares


class TokenCalls:
    """For an engine that has `lm`, `tokenize(recipe)` and `_trace(recipe)`."""

    lm: LanguageModel

    def seen(self, recipe: Recipe, chat: bool) -> ModelInput:
        """What the model sees of the recipe's prompt, with the chat template or without."""
        asked = replace(recipe, chat=chat)
        return seen(self.lm.vocabulary, asked, self.tokenize(asked))

    def shares(self, recipe: Recipe, n: int) -> tuple[tuple[Share, ...], ...]:
        """For each of the run's first `n` tokens, the parts of characters it holds."""
        return shares(self._sequence(recipe, n))

    def token_path(self, recipe: Recipe, position: int) -> Path:
        """The pieces around a prompt token."""
        tokens = self.tokenize(recipe)
        hint = "select a token of the prompt"
        require_integer("position", position, 0, len(tokens) - 1, hint)
        return path(self.lm.vocabulary, tokens, position)

    def token_merges(self, recipe: Recipe, position: int) -> Replay:
        """The BPE merges of the piece that holds a prompt token."""
        found = self.token_path(recipe, position)
        piece = next(p for p in found.pieces if p.index == found.selected)
        if piece.added:
            raise UserError(
                f"{piece.written} is an entry of its own, found whole before the text is cut. Nothing is merged."
            )
        return replay(self.lm.vocabulary, piece.written)

    def languages(self, recipe: Recipe, sentences: Sequence[tuple[str, str, str]]) -> tuple[LanguageCount, ...]:
        """How many tokens each sentence (code, name, text) takes."""
        return count_languages(self.lm.vocabulary, sentences)

    def detokenize(self, recipe: Recipe, n: int, around: int, prompt: bool) -> Detokenization:
        """The run's prompt, or its first `n` generated tokens, joined to text."""
        tokens = self.tokenize(recipe)
        if prompt:
            return detokenize(self.lm.vocabulary, tokens.tokens, around)
        generated = self._sequence(recipe, len(tokens) + n)[len(tokens) :]
        return detokenize(self.lm.vocabulary, generated, around, tokens.ids)

    def _sequence(self, recipe: Recipe, n: int) -> tuple[Token, ...]:
        run = self._trace(recipe).run
        tokens = run.tokens.tokens + tuple(step.token for step in run.steps)
        require_integer("n", n, 0, len(tokens), "it counts the tokens of the run so far")
        return tokens[:n]
