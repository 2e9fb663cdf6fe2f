"""The curated calls for notebooks and `gradio_client`: plain arguments in, plain data out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from model.records.run import Run
from model.request.errors import UserError
from model.request.recipe import Recipe, SamplingSettings

if TYPE_CHECKING:
    from model.engine.core import LocalEngine

# A million weights take 20 MB as text.
MAX_PATTERN = 1024


class Api:
    """Four calls on one engine. Each raises UserError, with the way out, for what cannot be done."""

    def __init__(self, engine: Callable[[], "LocalEngine"]):
        self._engine = engine

    def tokenize(self, prompt: str, chat: bool = False) -> list[dict[str, Any]]:
        """Splits a prompt into the tokens the model sees.

        Returns a list of {position, id, text, bytes, special}: `bytes` is a list of integers, and `text`
        holds U+FFFD where a token is only part of a character. `chat` applies the chat template.
        """
        tokens = self._engine().tokenize(Recipe(prompt, chat))
        return [
            {
                "position": token.position,
                "id": token.id,
                "text": token.text,
                "bytes": list(token.bytes),
                "special": token.special,
            }
            for token in tokens.tokens
        ]

    def next_token(
        self,
        prompt: str,
        chat: bool = False,
        k: int = 10,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> list[dict[str, Any]]:
        """The next token's distribution over the whole vocabulary, its `k` likeliest tokens first.

        Returns a list of {id, text, logit, probability}: `logit` is the model's own, `probability` is after
        temperature, top_k and top_p (0 for a token they removed). top_k=0 and top_p=1 switch a filter off.
        """
        settings = SamplingSettings(True, temperature, top_k, top_p)
        top = self._engine().decode.next_token(Recipe(prompt, chat, sampling=settings), k)
        rows = zip(top.token_ids, top.texts, top.logits, top.probability, strict=True)
        return [
            {"id": int(i), "text": text, "logit": float(logit), "probability": float(p)} for i, text, logit, p in rows
        ]

    def generate(
        self,
        prompt: str,
        chat: bool = False,
        max_new_tokens: int = 40,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Generates up to `max_new_tokens` tokens; the same arguments give the same tokens. top_k=1 is greedy: the
        likeliest token, of several equally likely the one with the smallest id.

        Returns {ids, tokens, text, stop_reason, ttft_ms, itl_ms}: `stop_reason` is 'eos', 'limit' or
        'context', `itl_ms` is the list of times between two tokens. A prompt that fills the context leaves no room
        for a token: `ids` is then empty and `ttft_ms` None.
        """
        # Of tokens that tie for the first place, top-k keeps all, and a draw would take one of them by chance.
        settings = SamplingSettings(top_k != 1, temperature, top_k, top_p, seed)
        run = self._finished(Recipe(prompt, chat, sampling=settings, max_new_tokens=max_new_tokens))
        return {
            "ids": [step.token.id for step in run.steps],
            "tokens": [step.token.text for step in run.steps],
            "text": run.text,
            "stop_reason": run.stop.kind,
            "ttft_ms": None if run.ttft is None else run.ttft * 1000,
            "itl_ms": [seconds * 1000 for seconds in run.itl],
        }

    def attention(self, prompt: str, chat: bool = False, layer: int = 0, head: int = 0) -> dict[str, Any]:
        """One head's attention over the prompt, from the prefill's own pass.

        Returns {tokens, pattern}: `pattern[query][key]` is a row per token that sums to 1, or to less with attention
        sinks.
        """
        engine = self._engine()
        recipe = engine.dated(Recipe(prompt, chat))
        for item in engine.run(recipe, 0):
            if isinstance(item, Run) and len(item.tokens) > MAX_PATTERN:
                raise UserError(
                    f"The prompt has {len(item.tokens):,} tokens; a whole pattern is given for up to {MAX_PATTERN:,}. "
                    "Shorten it, or look at it on the page, which asks for tiles."
                )
        tokens = engine.snapshot(recipe, 0).tokens
        pattern = engine.attention.pattern(recipe, layer, head, len(tokens))
        return {"tokens": [token.text for token in tokens.tokens], "pattern": pattern.tolist()}

    def _finished(self, recipe: Recipe) -> Run:
        *_, run = self._engine().run(recipe)
        assert isinstance(run, Run), "the last thing a run yields is the run"
        return run
