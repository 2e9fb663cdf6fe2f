"""The rules that cut a text before byte-level BPE merges anything, by the name in `tokenizer.ggml.pre`.

Each rule is a list of regular expressions applied one after the other: a match, and what lies between two matches, is
a piece of its own. The names and the expressions are those of llama.cpp's src/llama-vocab.cpp, where a model's original
tokenizer.json has a longer form of the same.
"""

from tokenizers import Regex, Tokenizer, pre_tokenizers

CONTRACTION = "'s|'t|'re|'ve|'m|'ll|'d"
GPT2 = rf"{CONTRACTION}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)"
DIGIT, DIGITS = r"\p{N}", r"\p{N}{1,3}"
# The rest of the rules that began with GPT-4: punctuation with the newlines after it, newlines, spaces.
TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SLASH_TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
LLAMA3 = rf"(?i:{CONTRACTION})|{WORDS}|{DIGITS}|{TAIL}"
QWEN2 = rf"(?i:{CONTRACTION})|{WORDS}|{DIGIT}|{TAIL}"
QWEN35 = (
    rf"(?i:{CONTRACTION})|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|{DIGIT}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE = r"[^\r\n\p{L}\p{N}]?"
TEKKEN = rf"{BEFORE}{UPPER}*{LOWER}+|{BEFORE}{UPPER}+{LOWER}*|{DIGIT}|{SLASH_TAIL}"
GPT4O = (
    rf"{BEFORE}{UPPER}*{LOWER}+(?i:{CONTRACTION})?|{BEFORE}{UPPER}+{LOWER}*(?i:{CONTRACTION})?|{DIGITS}|{SLASH_TAIL}"
)
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
KANA = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
# The original lists the letters with case one by one, as Unicode had them then.
CASED = r"\p{Lu}\p{Ll}\p{Lt}"
FULL_WIDTH = "!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002"
DEEPSEEK3 = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
NO_STOPS = " ?[^(\\s|.,!?…。，、।۔،)]+"

RULES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("", "default"): (r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
    ("gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "gigachat", "a.x-4.0"): (GPT2,),
    ("mellum", "modern-bert"): (GPT2,),
    ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"): (DIGIT, GPT2),
    ("falcon",): (r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"),
    ("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"): (LLAMA3,),
    ("dbrx", "smaug-bpe", "chatglm-bpe", "glm4"): (LLAMA3,),
    ("qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan", "solar-open"): (QWEN2,),
    ("grok-2",): (QWEN2,),
    ("qwen35",): (QWEN35,),
    ("tekken",): (TEKKEN,),
    ("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"): (GPT4O,),
    ("deepseek-llm",): (r"[\r\n]", rf"\s?[{CASED}]+", rf"\s?[{FULL_WIDTH}]+", r"\s+$", CJK, r"\p{N}+"),
    ("deepseek-coder",): (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, DIGIT),
    ("deepseek-v3", "hunyuan-dense", "joyai-llm"): (DIGITS, KANA, DEEPSEEK3),
    ("bloom", "gpt3-finnish", "poro-chat"): (NO_STOPS,),
    ("viking",): (NO_STOPS, DIGIT),
}
BY_NAME = {name: rules for names, rules in RULES.items() for name in names}
# A piece that is an entry of the vocabulary stays whole, whatever its merges are.
WHOLE_ENTRIES = {"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken"}
# Of these, llama.cpp's expressions are a simplification that takes a letter with a mark for both capital and small; the
# original is used here.
SIMPLIFIED_THERE = {"tekken", "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}
# These begin with BOS unless the file says otherwise.
WITH_BOS = WHOLE_ENTRIES


def set_pre_tokenizer(tokenizer: Tokenizer, name: str) -> bool:
    """Sets the rules of this name on a byte-level BPE tokenizer; False, and nothing set, if the name is unknown."""
    if name not in BY_NAME:
        return False
    cuts = [pre_tokenizers.Split(Regex(rule), "isolated") for rule in BY_NAME[name]]
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*cuts, bytes_only])  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.model.ignore_merges = name in WHOLE_ENTRIES  # pyright: ignore[reportAttributeAccessIssue]
    return True
