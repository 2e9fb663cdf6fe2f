"""The tokenizer that a GGUF describes."""

from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer, get_gguf_tokenizer

from model.gguf.pre_tokenizers import SIMPLIFIED_THERE, WITH_BOS, set_pre_tokenizer
from model.tokens.prefix_space import spaces_of_sentencepiece
from model.tokens.probes import MARKED, PROBES

# Their tokenizers write ▁ for a space too, but by rules of their own, which transformers has.
OWN_SPACES = {"gemma", "gemma2", "gemma3"}


@dataclass(frozen=True, eq=False)
class GgufTokenizer:
    """A tokenizer; `unknown_rule` is the name in `tokenizer.ggml.pre` if no rule here has it, else empty.

    `probes` are the texts on which llama.cpp's tokenizer has to agree.
    """

    tokenizer: PreTrainedTokenizerFast
    unknown_rule: str = ""
    probes: tuple[str, ...] = PROBES


def gguf_tokenizer(path: Path) -> GgufTokenizer:
    """Builds the tokenizer of a GGUF: vocabulary and merges by transformers, the rules that cut before them by name."""
    architecture, values, settings = get_gguf_tokenizer(str(path))
    kind, rule = values.get("tokenizer_type"), values.get("pre_tokenizer_type", "")
    backend, _ = convert_gguf_tokenizer(architecture, values)
    known = True
    if kind == "gpt2":
        known = set_pre_tokenizer(backend, rule)
        settings.setdefault("add_bos_token", rule in WITH_BOS)
    elif kind == "llama" and architecture not in OWN_SPACES:
        spaces_of_sentencepiece(backend, prefix=bool(values.get("add_prefix_space", True)))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, name_or_path=str(path), clean_up_tokenization_spaces=False, **settings
    )
    probes = tuple(text for text in PROBES if text not in MARKED) if rule in SIMPLIFIED_THERE else PROBES
    return GgufTokenizer(tokenizer, "" if known else str(rule), probes)
