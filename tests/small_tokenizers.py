"""Small tokenizers of every kind, trained on a few sentences."""

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from model.tokens.vocabulary import Vocabulary, read_vocabulary

TEXT = [
    "the quick brown fox jumps over the lazy dog and the other dogs sing in the rain",
    "a token is a piece of text, and a piece of text is a row of bytes, byte by byte",
    "naïve café déjà vu: the smaller the vocabulary, the longer the sequence is",
    "singing, jumping, quickly, smaller, longer, the longest of the lazy singers",
] * 5


def vocabulary_of(tokenizer: Tokenizer, **settings) -> Vocabulary:
    """The tokenizer's vocabulary, as read for a model."""
    return read_vocabulary(PreTrainedTokenizerFast(tokenizer_object=tokenizer, **settings))


def byte_fallback() -> Vocabulary:
    """Like Llama 2: characters with ▁ for the space, and bytes for characters outside the vocabulary."""
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    learned = _trained(models.BPE(), trainers.BpeTrainer(vocab_size=220, limit_alphabet=30), normalizer)
    entries = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *learned["vocab"]]
    vocab = {entry: token_id for token_id, entry in enumerate(entries)}
    merges = [tuple(pair) for pair in learned["merges"]]
    model = models.BPE(vocab=vocab, merges=merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return vocabulary_of(tokenizer)


def unigram() -> Vocabulary:
    """Like T5 and XGLM: SentencePiece's Unigram after a Metaspace."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=160, special_tokens=["<unk>"], unk_token="<unk>")
    tokenizer.train_from_iterator(TEXT, trainer)
    return vocabulary_of(tokenizer)


def wordpiece() -> Vocabulary:
    """Like BERT: lower case, with ## before the continuation of a word."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    tokenizer.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=120, special_tokens=["[UNK]"]))
    return vocabulary_of(tokenizer)


def word_ends() -> Vocabulary:
    """Like the first GPT: </w> at the end of a word."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(vocab_size=150, special_tokens=["<unk>"], end_of_word_suffix="</w>")
    tokenizer.train_from_iterator(TEXT, trainer)
    return vocabulary_of(tokenizer)


def whole_words() -> Vocabulary:
    """Like Llama 3: byte letters, and a piece that is an entry is taken without merging."""
    learned = _trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
        normalizers.NFC(),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    # An entry that no merge produces, like some of Llama 3's.
    vocab = learned["vocab"] | {"Ġzyzzyva": len(learned["vocab"])}
    merges = [tuple(pair) for pair in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return vocabulary_of(tokenizer)


def byte_level() -> Vocabulary:
    """Like GPT-2: byte letters after a split at spaces."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=350, initial_alphabet=alphabet))
    return vocabulary_of(tokenizer)


def byte_letters() -> Vocabulary:
    """A byte model: 256 entries and no merges."""
    letters = {letter: byte for byte, letter in sorted(bytes_to_unicode().items())}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return vocabulary_of(tokenizer)


def word_level() -> Vocabulary:
    """Whole words, and one entry for all unknown ones."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(TEXT, trainers.WordLevelTrainer(vocab_size=80, special_tokens=["<unk>"]))
    return vocabulary_of(tokenizer)


def _trained(model, trainer, normalizer, pre_tokenizer=None) -> dict:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(TEXT, trainer)
    return json.loads(tokenizer.to_str())["model"]


KINDS = {
    "byte fallback": byte_fallback,
    "unigram": unigram,
    "wordpiece": wordpiece,
    "word ends": word_ends,
    "whole words": whole_words,
    "byte level": byte_level,
    "bytes": byte_letters,
    "word level": word_level,
}
