"""Prompt to Tokens: what the model really sees, with ids, bytes and offsets."""

import json
import time
from functools import cache

from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from model.errors import UserError
from model.recipe import Recipe, require_text
from model.records import Token, Tokens


MAX_FORCED = 32


def model_text(tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> str:
    """The text the model sees: the prompt as it is, or put into the chat template."""
    if not recipe.chat:
        return recipe.prompt
    if not tokenizer.chat_template:
        raise UserError("This model has no chat template. Switch 'chat' off, or choose a chat model.")
    messages = [{"role": "system", "content": recipe.system}] if recipe.system else []
    messages.append({"role": "user", "content": recipe.prompt})
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def tokenize(tokenizer: PreTrainedTokenizerFast, recipe: Recipe, limit: int) -> Tokens:
    """Tokenizes the recipe's text. Raises UserError when it has more than `limit` tokens: nothing is cut."""
    text = model_text(tokenizer, recipe)
    started = time.perf_counter()
    # The template writes the special tokens itself; a second BOS would be a different input.
    encoding = tokenizer(text, add_special_tokens=not recipe.chat, return_offsets_mapping=True)
    seconds = time.perf_counter() - started
    ids, offsets = encoding["input_ids"], encoding["offset_mapping"]
    if len(ids) > limit:
        raise UserError(
            f"The prompt has {len(ids):,} tokens; the limit here is {limit:,}. "
            f"Shorten it by {len(ids) - limit:,} tokens, or start the page with a larger --max-prompt-tokens."
        )
    tokens = tuple(
        describe(tokenizer, token_id, position, *offset)
        for position, (token_id, offset) in enumerate(zip(ids, offsets, strict=True))
    )
    return Tokens(text=text, tokens=tokens, chat=recipe.chat, seconds=seconds)


def continuation(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[Token, ...]:
    """The tokens of a text that continues a sequence. Raises UserError when it is empty or over 32 tokens."""
    require_text("text", text)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not 0 < len(ids) <= MAX_FORCED:
        raise UserError(f"The text has {len(ids):,} tokens; from 1 to {MAX_FORCED} can be forced at once. Shorten it.")
    return tuple(describe(tokenizer, token_id, position) for position, token_id in enumerate(ids))


def describe(
    tokenizer: PreTrainedTokenizerFast, token_id: int, position: int, start: int = -1, end: int = -1
) -> Token:
    """One token as it is: vocabulary entry, bytes, and whether it is only part of a character."""
    raw = token_bytes(tokenizer, token_id)
    try:
        text, partial = raw.decode(), False
    except UnicodeDecodeError:
        text, partial = raw.decode(errors="replace"), True
    return Token(
        position=position,
        id=token_id,
        piece=str(tokenizer.convert_ids_to_tokens(token_id)),
        text=text,
        bytes=raw,
        start=start,
        end=end,
        special=token_id in tokenizer.all_special_ids,
        partial=partial,
    )


def token_bytes(tokenizer: PreTrainedTokenizerFast, token_id: int) -> bytes:
    """The bytes one token stands for (UTF-8, perhaps only a part of a character)."""
    piece = tokenizer.convert_ids_to_tokens(token_id)
    if piece is None:
        raise UserError(f"Token id {token_id:,} is not in the vocabulary of {len(tokenizer):,} tokens.")
    if token_id in tokenizer.added_tokens_decoder:
        return piece.encode()
    if uses_byte_level(tokenizer):
        return bytes(_byte_of_letter()[letter] for letter in piece)
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        return bytes([int(piece[3:5], 16)])
    return piece.replace("▁", " ").encode()


def uses_byte_level(tokenizer: PreTrainedTokenizerFast) -> bool:
    """True when the vocabulary is written in GPT-2's byte letters (Radford et al. 2019)."""
    return "ByteLevel" in _decoder_kinds(tokenizer.backend_tokenizer)


@cache
def _byte_of_letter() -> dict[str, int]:
    return {letter: byte for byte, letter in bytes_to_unicode().items()}


@cache
def _decoder_kinds(backend) -> tuple[str, ...]:
    decoder = json.loads(backend.to_str())["decoder"] or {}
    return tuple(part["type"] for part in decoder.get("decoders", [decoder]) if part)
