"""One sentence in several languages to how many tokens each takes."""

from collections.abc import Sequence

from model.records_tokens import LanguageCount
from model.vocabulary import Vocabulary


def count_languages(vocabulary: Vocabulary, sentences: Sequence[tuple[str, str, str]]) -> tuple[LanguageCount, ...]:
    """Counts (code, name, text) by the loaded tokenizer; the first is what the others are measured by."""
    encoded = vocabulary.tokenizer([text for _, _, text in sentences], add_special_tokens=False)
    counts = [len(ids) for ids in encoded["input_ids"]]
    return tuple(
        LanguageCount(
            code=code,
            name=name,
            text=text,
            n_characters=len(text),
            n_bytes=len(text.encode()),
            n_tokens=n_tokens,
            tokens_per_character=n_tokens / len(text),
            factor=n_tokens / counts[0],
        )
        for (code, name, text), n_tokens in zip(sentences, counts, strict=True)
    )
