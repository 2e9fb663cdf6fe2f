"""Texts on which two tokenizers that cut differently show it: each holds a place where known rules differ."""

from unicodedata import category, normalize

PROBES = (
    "Hello, world! It's what they'd said: don't, we'll, I'VE, y'all.",
    "½ ² ① ⅷ ٣ and 1234567 8.90 1,000,000 0x1F",
    "def f(a):\n    if a:\n\t\treturn  a\n\n\n  # end \n",
    "  two before,   three between, one after ",
    "naïve café, Ärger ÉCOLE, Straße",
    "cafe\u0301 nai\u0308ve",
    "Привет, мир! Γειά σου. مرحبا بالعالم",
    "東京は日本の首都。你好，世界！안녕 하세요",
    "नमस्ते दुनिया",
    "👍🏽 👩‍🚀 🏳️‍🌈 ☕️",
    "a+b=c $5 <tag attr='x'> ~|^`\\ foo_bar {x: [1]} https://a.b/c?d=e&f#g",
    "CamelCaseWords HTTPServer iPhone don’t “quoted” … — – end.",
    "\r\nline\r\nline\u00a0nbsp\u3000wide\u200bzero",
    "x" * 20 + "!!!???..." + "=" * 12,
)
# These hold letters with marks, in one character or two.
MARKED = tuple(text for text in PROBES if any(category(one).startswith("M") for one in normalize("NFD", text)))
