"""Texts that are hard for tokenizers, and words in many scripts; the same in every run."""

import json
import random
import unicodedata
from pathlib import Path

LANGUAGES = json.loads(
    (Path(__file__).resolve().parent.parent / "assets" / "languages.json").read_text(encoding="utf-8")
)

TEXTS = [
    "The capital of France is",
    "Rockets 🚀 and astronauts 👩‍🚀 go to 👨‍👩‍👧‍👦",
    "e\u0301 is not é; ﬁ is not fi; Å is not Å",
    "   leading,  double and trailing   \n\n\ttabs\r\n",
    "𠜎𠜱 rare, \u200bzero\u200dwidth\ufeff, \u0000 and \u0007",
    "12345 1,000.50 v2.0.1 0x1F",
    "{{value}} ${1+1} <script>alert(1)</script>",
    "\u202eright to left\u202c שלום مرحبا",
    *(language["text"] for language in LANGUAGES),
]

SCRIPTS = {
    "latin": (0x61, 0x7A),
    "latin with marks": (0xC0, 0x17F),
    "greek": (0x391, 0x3C9),
    "cyrillic": (0x410, 0x44F),
    "hebrew": (0x5D0, 0x5EA),
    "arabic": (0x621, 0x64A),
    "devanagari": (0x905, 0x939),
    "thai": (0xE01, 0xE3A),
    "kana": (0x3041, 0x30F6),
    "han": (0x4E00, 0x9FA5),
    "hangul": (0xAC00, 0xD7A3),
    "emoji": (0x1F300, 0x1F64F),
}


def words(n_per_script: int = 100) -> list[str]:
    """Real words from the sentences of the languages, then random words in each script."""
    real = {word for language in LANGUAGES for word in language["text"].split()}
    chance = random.Random(0)
    made = []
    for low, high in SCRIPTS.values():
        letters = [chr(code) for code in range(low, high + 1) if unicodedata.category(chr(code)) != "Cn"]
        made += ["".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(n_per_script)]
    return sorted(real) + made
