"""Compares a tokenizer that transformers made from a SentencePiece file with SentencePiece itself.

Where a folder has no tokenizer.json, transformers rebuilds the tokenizer from such a file and from the name of a class.
The file alone says how a text is cut, so it is the reference.
"""

from pathlib import Path

from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from model.request.errors import UserError
from model.tokens.prefix_space import SPACE, spaces_of_sentencepiece
from model.tokens.probes import PROBES

FILES = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


def check_against_sentencepiece(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Gives the tokenizer the file's spaces, if it lacks them; raises UserError if it still cuts differently."""
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None or (folder / "tokenizer.json").is_file():
        return
    from sentencepiece import SentencePieceProcessor

    reference = SentencePieceProcessor(model_file=str(path))
    backend = tokenizer.backend_tokenizer
    if _difference(tokenizer, reference) and isinstance(backend.model, BPE):
        # Whether the file adds a space is not among its public settings; what it does is.
        spaces_of_sentencepiece(backend, prefix=reference.encode("a", out_type=str)[0].startswith(SPACE))
    if difference := _difference(tokenizer, reference):
        text, ours, theirs = difference
        raise UserError(
            f"its {path.name} cuts {text[:40]!r} into {len(theirs)} tokens ({theirs[:4]}, …), and the tokenizer that "
            f"transformers makes of it into {len(ours)} ({ours[:4]}, …). A tokenizer.json is needed."
        )


def _difference(tokenizer: PreTrainedTokenizerFast, reference) -> tuple[str, list[str], list[str]] | None:
    """The first text that is cut differently, with both results; None if there is none."""
    unknown = reference.id_to_piece(reference.unk_id())
    for text in PROBES:
        theirs = [reference.id_to_piece(i) for i in reference.encode(text)]
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        # Families number the entries in their own way, and name the unknown one; the pieces are the same.
        ours = [unknown if i == tokenizer.unk_token_id else str(tokenizer.convert_ids_to_tokens(i)) for i in ids]
        if ours != theirs:
            return text, ours, theirs
    return None
