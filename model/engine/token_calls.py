"""The engine's calls for the Tokenize and Detokenize stages."""

from collections.abc import Sequence
from dataclasses import replace

from model.records.run import Token
from model.records.tokens import CharacterShare, Detokenization, LanguageCount, ModelInput, Path, Replay
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.request.validate import require_integer
from model.run.core import Core
from model.tokens.bpe import replay
from model.tokens.detokenize import detokenize
from model.tokens.languages import count_languages
from model.tokens.pieces import model_input, path, shares
from model.tokens.tokenize import continuation, refuse_beyond


class TokenCalls:
    """Calls for tokenizing and detokenizing."""

    def __init__(self, core: Core):
        self._core, self._lm = core, core.lm

    def seen(self, recipe: Recipe, chat: bool) -> ModelInput:
        """What the model sees of the recipe's prompt, with the chat template or without it."""
        variant = replace(recipe, chat=chat)
        return model_input(self._core.tokenize(variant))

    def encode(self, recipe: Recipe, text: str) -> tuple[Token, ...]:
        """The tokens of a text that is to be forced. Raises UserError if it is empty or too long."""
        tokens = continuation(self._lm.vocabulary, text)
        refuse_beyond(tokens, self._lm.card.n_vocab)
        return tokens

    def shares(self, recipe: Recipe, n: int) -> tuple[tuple[CharacterShare, ...], ...]:
        """For each of the run's first `n` tokens, its shares of split characters."""
        return shares(self._sequence(recipe, n))

    def path(self, recipe: Recipe, position: int) -> Path:
        """The pieces around a prompt token."""
        tokens = self._core.tokenize(recipe)
        hint = "select a token of the prompt"
        require_integer("position", position, 0, len(tokens) - 1, hint)
        return path(self._lm.vocabulary, tokens, position)

    def merges(self, recipe: Recipe, position: int) -> Replay:
        """The BPE merges of the piece with a prompt token. Raises UserError for an added token, which has none."""
        token_path = self.path(recipe, position)
        piece = next(p for p in token_path.pieces if p.index == token_path.selected)
        if piece.added:
            raise UserError(
                f"{piece.written} is an entry of its own, found whole before the text is cut. Nothing is merged."
            )
        return replay(self._lm.vocabulary, piece.written)

    def languages(self, recipe: Recipe, sentences: Sequence[tuple[str, str, str]]) -> tuple[LanguageCount, ...]:
        """The number of tokens of each sentence (code, name, text)."""
        return count_languages(self._lm.vocabulary, sentences)

    def detokenize(self, recipe: Recipe, n: int, around: int, prompt: bool) -> Detokenization:
        """Decodes the run's prompt, or its first `n` generated tokens, to text."""
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
