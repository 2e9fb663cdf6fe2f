"""A recipe: everything that is needed to compute a run, and to compute it again.

The recipe is the only state that a visitor has. It is JSON, it fits in a URL, and it is the key to traces and caches,
so whatever the server discards can be recomputed.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from model.request.errors import UserError
from model.request.validate import require_bool, require_day, require_integer, require_number, shorten

MAX_PROMPT_CHARACTERS = 400_000
MAX_STOPS = 4
MAX_STOP_CHARACTERS = 50
MAX_SEED = 2**32 - 1
TEMPERATURES = (0.01, 10.0)


@dataclass(frozen=True)
class SamplingSettings:
    """How a token is chosen from the logits; the names are those of transformers' `GenerationConfig`.

    `do_sample=False` is greedy decoding: the most likely token after the penalties, filters ignored.
    These values switch a setting off: `top_k=0`, `top_p=1`, `min_p=0`, `typical_p=1`, `repetition_penalty=1`,
    `presence_penalty=0`, `frequency_penalty=0`. The draw depends only on `seed` and the position.
    Raises UserError for a value out of range.
    """

    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    min_p: float = 0.0
    typical_p: float = 1.0

    def __post_init__(self):
        require_bool("do_sample", self.do_sample)
        low, high = TEMPERATURES
        hint = "for greedy decoding choose 'greedy' (in the API: top_k=1)"
        require_number("temperature", self.temperature, low, high, hint)
        require_integer("top_k", self.top_k, 0, 1_000_000, "0 switches top-k off")
        require_number("top_p", self.top_p, 0.0, 1.0, "1 switches top-p off", above_low=True)
        require_integer("seed", self.seed, 0, MAX_SEED, "any whole number in that range will do")
        require_number("repetition_penalty", self.repetition_penalty, 0.1, 10.0, "1 switches it off")
        for name in ("presence_penalty", "frequency_penalty"):
            require_number(name, getattr(self, name), -2.0, 2.0, "0 switches it off")
        require_number("min_p", self.min_p, 0.0, 1.0, "0 switches min-p off")
        require_number("typical_p", self.typical_p, 0.0, 1.0, "1 switches typical-p off", above_low=True)
        # 1 and 1.0 are the same setting and must give the same trace key.
        for field in fields(self):
            if field.type is float:
                object.__setattr__(self, field.name, float(getattr(self, field.name)))


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a run.

    `forced` holds the tokens that a person chose: pairs (index of the generated token, token id).
    Decoding ends when the answer contains one of the strings in `stop`. An empty `model` means the model
    the page was started with. `device` and `dtype` are included because they change the numbers (bfloat16 may choose
    other tokens than float32); if empty, the best choice for this machine is used.
    `date` (YYYY-MM-DD) is today for a chat template that writes a date; if empty, the first run fills it in.
    Raises UserError for a value that is not allowed.
    """

    prompt: str
    chat: bool = False
    system: str = ""
    sampling: SamplingSettings = SamplingSettings()
    max_new_tokens: int = 40
    forced: tuple[tuple[int, int], ...] = ()
    stop: tuple[str, ...] = ()
    model: str = ""
    revision: str = ""
    device: str = ""
    dtype: str = ""
    date: str = ""

    def __post_init__(self):
        for name in ("prompt", "system", "model", "revision", "device", "dtype", "date"):
            require_text(name, getattr(self, name))
        require_day("date", self.date)
        if not self.prompt.strip():
            n = len(self.prompt)
            what = f"blank ({n:,} white-space {'character' if n == 1 else 'characters'})" if n else "empty"
            raise UserError(f"The prompt is {what}. Type at least one visible character, then run.")
        require_bool("chat", self.chat)
        _require_new_tokens(self.max_new_tokens)
        for index, token_id in self.forced:
            require_integer("forced index", index, 0, 100_000, "it counts generated tokens from 0")
            require_integer("forced token id", token_id, 0, 10_000_000, "use an id of the vocabulary")
        if len(self.stop) > MAX_STOPS:
            raise UserError(f"There are {len(self.stop)} stop strings; the limit is {MAX_STOPS}. Remove some.")
        for text in self.stop:
            require_text("stop string", text)
            if not 0 < len(text) <= MAX_STOP_CHARACTERS:
                limit = f"from 1 to {MAX_STOP_CHARACTERS} characters"
                raise UserError(f"A stop string has {len(text):,} characters; it must have {limit}.")

    @property
    def trace_key(self) -> str:
        """Key of the trace: the same for recipes that differ only in when they stop."""
        text = replace(self, max_new_tokens=1, stop=()).to_json()
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> str:
        """Canonical JSON: equal recipes produce the same text."""
        values = asdict(self)
        # Links, files and keys from before there was a date stay what they were.
        if not self.date:
            del values["date"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Parses the output of `to_json`. Raises UserError for anything else."""
        try:
            values = json.loads(text)
        except (ValueError, TypeError) as error:
            raise UserError(f"The recipe is not JSON ({error}). Reload the page.") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Any) -> "Recipe":
        """Reads what JSON gave. Raises UserError for anything but the fields of a recipe within their limits."""
        if not isinstance(values, dict):
            raise UserError(f"The recipe is a {type(values).__name__}, not an object. Reload the page.")
        _refuse_unknown("recipe", values, cls)
        values = dict(values)
        sampling = values.pop("sampling", {})
        if not isinstance(sampling, dict):
            raise UserError("The recipe's sampling settings are not an object. Reload the page.")
        _refuse_unknown("sampling", sampling, SamplingSettings)
        values["forced"] = _pairs(values.get("forced", ()))
        stop = values.get("stop", ())
        if not isinstance(stop, list | tuple):
            raise UserError(f"stop is {shorten(stop)}; it must be a list of strings.")
        values["stop"] = tuple(stop)
        if "prompt" not in values:
            raise UserError("The recipe has no prompt. Type one, then run.")
        return cls(sampling=SamplingSettings(**sampling), **values)


def _require_new_tokens(value) -> None:
    """Requires at least one token. The upper limit is a setting of the page, so the engine checks it."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        limits = "a whole number, 1 or more"
        raise UserError(f"max_new_tokens is {shorten(value)}; it must be {limits}. Ask for at least one token.")


def _pairs(value) -> tuple[tuple[int, int], ...]:
    try:
        return tuple((index, token_id) for index, token_id in value)
    except (TypeError, ValueError):
        raise UserError(f"forced is {shorten(value)}; it must be a list of [index, token id] pairs.") from None


def _refuse_unknown(what: str, values: dict, cls: type) -> None:
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UserError(f"Unknown {what} field {shorten(unknown[0])}. Known: {', '.join(sorted(known))}.")


def require_text(name: str, value) -> None:
    """Raises UserError if the value is not text, is too long, or cannot be encoded."""
    if not isinstance(value, str):
        raise UserError(f"{name} is {shorten(value)}; it must be text.")
    if len(value) > MAX_PROMPT_CHARACTERS:
        raise UserError(
            f"The {name} has {len(value):,} characters; the limit is {MAX_PROMPT_CHARACTERS:,}. Shorten it."
        )
    for index, character in enumerate(value):
        if "\ud800" <= character <= "\udfff":
            raise UserError(
                f"The {name} has half of a surrogate pair (U+{ord(character):04X}) at character {index + 1}. "
                "No encoding can carry it: delete that character."
            )
