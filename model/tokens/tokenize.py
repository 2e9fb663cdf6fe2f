"""Turns a prompt into the tokens that the model sees, with ids, bytes and offsets."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tokenizers import Encoding
from transformers import PreTrainedTokenizerFast

from model.records.run import Token, Tokens
from model.records.text import Lost
from model.request.errors import UserError
from model.request.recipe import Recipe, require_text
from model.runtime.present import present
from model.tokens.describe import describe_token
from model.tokens.template import fill
from model.tokens.vocabulary import Vocabulary

MAX_FORCED = 32


def encode(tokenizer: PreTrainedTokenizerFast, text: str, chat: bool) -> Encoding:
    """The tokenizer's own encoding. A chat template contains its special tokens already, so none are added to it:
    a second BOS would be a different input.
    """
    return present(tokenizer(text, add_special_tokens=not chat).encodings)[0]


def tokenize(vocabulary: Vocabulary, recipe: Recipe, limit: int) -> Tokens:
    """Fills the template and tokenizes its text, once for a run: what shows the prompt later reads this record.

    Raises UserError for a template that cannot be filled, and if there are more than `limit` tokens: text is never
    truncated.
    """
    filled = fill(vocabulary.tokenizer, recipe)
    text = filled.text
    started = time.perf_counter()
    encoding = encode(vocabulary.tokenizer, text, recipe.chat)
    seconds = time.perf_counter() - started
    ids, offsets = encoding.ids, encoding.offsets
    if len(ids) > limit:
        raise UserError(
            f"The prompt has {len(ids):,} tokens; the limit here is {limit:,}. "
            f"Shorten it by {len(ids) - limit:,} tokens, or start the page with a larger --max-prompt-tokens."
        )
    if not ids:
        raise UserError("This tokenizer makes no token of the prompt. Type other characters.")
    tokens = tuple(
        _before_text(text, describe_token(vocabulary, token_id, position, *offset))
        for position, (token_id, offset) in enumerate(zip(ids, offsets, strict=True))
    )
    return Tokens(
        text=text,
        tokens=tokens,
        chat=recipe.chat,
        seconds=seconds,
        pieces=tuple(encoding.word_ids),
        spans=filled.spans,
        lost=(*filled.lost, *_unknown(vocabulary, ids)),
    )


def _unknown(vocabulary: Vocabulary, ids: Sequence[int]) -> Iterator[Lost]:
    if n := vocabulary.n_unknown(ids):
        yield Lost("text", "unknown", n, vocabulary.piece(present(vocabulary.unknown)) or "")


def _before_text(text: str, token: Token) -> Token:
    """Empties the range of a space that the tokenizer inserted: it has the offsets of the word after it."""
    inserted = token.text and not token.text.strip() and text[token.start : token.end].strip()
    return replace(token, end=token.start) if inserted else token


def continuation(vocabulary: Vocabulary, text: str) -> tuple[Token, ...]:
    """The tokens of a text that continues a sequence. Raises UserError if it is empty or longer than 32 tokens."""
    require_text("text", text)
    ids = vocabulary.tokenizer(text, add_special_tokens=False)["input_ids"]
    limits = f"from 1 to {MAX_FORCED} can be forced at once"
    if not text:
        raise UserError(f"The text is empty: it has no tokens, and {limits}. Type what to put here.")
    if not ids:
        raise UserError(f"This tokenizer makes no token of the text; {limits}. Type other characters.")
    if len(ids) > MAX_FORCED:
        raise UserError(f"The text has {len(ids):,} tokens; {limits}. Shorten it.")
    return tuple(describe_token(vocabulary, token_id, position) for position, token_id in enumerate(ids))


def refuse_beyond(tokens: Sequence[Token], n_vocab: int) -> None:
    """Raises UserError for a token without an embedding row: some tokenizers have more entries than the model."""
    token = next((token for token in tokens if token.id >= n_vocab), None)
    if token is not None:
        raise UserError(
            f"The token {token.piece!r} has id {token.id:,}, but this model's embedding has {n_vocab:,} rows, for ids "
            f"up to {n_vocab - 1:,}: its tokenizer has entries that the model does not know. Write the text without "
            "it, or choose another model."
        )
