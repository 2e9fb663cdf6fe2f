"""Fills the chat template once for a run: the text that the model sees, whose each part is, and what got lost."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, NoReturn

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import _compile_jinja_template

from model.records.text import How, Lost, Span, What
from model.request.errors import UserError
from model.request.recipe import Recipe, require_text
from model.request.validate import printable

WAY_OUT = "Empty the system text, or switch 'chat' off."
LONGEST_REASON = 300
SHOWN_START = 60
NORMAL: tuple[Callable[[str], str], ...] = (str, str.strip)
# Whether the contents of the system message and of the prompt are lists of parts, as for models that see images too.
FORMS = ((False, False), (True, True), (False, True))


@dataclass(frozen=True)
class Filled:
    """The text that the model sees. `spans` cover it; `lost` is what a person typed that is not in it as typed."""

    text: str
    spans: tuple[Span, ...]
    lost: tuple[Lost, ...]


def template_of(tokenizer: PreTrainedTokenizerFast) -> str | None:
    """The template that chats use: the only one, or the one named 'default'. None if there is none."""
    template = tokenizer.chat_template
    template = template.get("default") if isinstance(template, dict) else template
    return template if isinstance(template, str) and template else None


def with_date(tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> Recipe:
    """The recipe with today's date, if its template writes a date and it has none: it gives this text on any day."""
    writes_dates = recipe.chat and "strftime_now" in (template_of(tokenizer) or "")
    return replace(recipe, date=date.today().isoformat()) if writes_dates and not recipe.date else recipe


def fill(tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> Filled:
    """The prompt itself, or the filled chat template.

    Some templates read a message as a list of parts and lose a plain text: if plain texts get lost, lists are tried.
    Raises UserError if there is no template, or if it refuses the messages or fails on them.
    """
    if not recipe.chat:
        unused = _lost("system", "unused", recipe.system)
        return Filled(recipe.prompt, (Span(0, len(recipe.prompt), "prompt"),), tuple(unused))
    template = _require_template(tokenizer)
    best, errors = None, []
    for form in FORMS:
        try:
            filled = _filled(tokenizer, template, recipe, form)
        except Exception as error:  # a template is a program of a third party
            errors.append(error)
            continue
        if best is None or _n_missing(filled) < _n_missing(best):
            best = filled
        if not _n_missing(best):
            break
    if best is None:
        raise _refusal(errors[0])
    return best


def _n_missing(filled: Filled) -> int:
    return sum(lost.how in ("dropped", "changed") for lost in filled.lost)


def _require_template(tokenizer: PreTrainedTokenizerFast) -> str:
    if template := template_of(tokenizer):
        return template
    if isinstance(tokenizer.chat_template, dict) and tokenizer.chat_template:
        names = printable(", ".join(map(str, tokenizer.chat_template))[:LONGEST_REASON])
        raise UserError(
            f"This model's chat templates are named ({names}) and none is 'default', so none is chosen here. "
            "Switch 'chat' off, or choose another chat model."
        )
    raise UserError("This model has no chat template. Switch 'chat' off, or choose a chat model.")


def _filled(tokenizer: PreTrainedTokenizerFast, template: str, recipe: Recipe, form: tuple[bool, bool]) -> Filled:
    """The template filled with messages of one form.

    It is filled a second time with marker characters that do not occur in the text: they show where it inserts its
    inputs. Some templates strip white space from these.
    """
    text = _render(tokenizer, template, recipe, form)
    free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    marks = {"prompt": next(free), "system": next(free)}
    marked = replace(recipe, prompt=marks["prompt"], system=marks["system"] if recipe.system else "")
    try:
        shape = _render(tokenizer, template, marked, form)
    except Exception:  # it refuses a single character: nothing is known of its parts
        shape = ""
    if any(form) and any(f"{q}type{q}: {q}text{q}" in (shape or text) for q in "'\""):
        raise TypeError("it writes a list of parts out as a list")
    written = _written(shape, marks, recipe, text)
    # Without marks at their places, the text depends on its inputs, and the parts cannot be told apart.
    spans = _spans(shape, marks, written) if written else (Span(0, len(text), "template"),)
    return Filled(text, spans, tuple(_all_lost(recipe, text, spans, shape, marks, written)))


def _render(tokenizer: PreTrainedTokenizerFast, template: str, recipe: Recipe, form: tuple[bool, bool]) -> str:
    """The template with these messages, on the recipe's date, at midnight.

    As transformers' `apply_chat_template` does it, but for the clock: that one writes a function among its arguments as
    text, so neither a clock nor a refusal to draw at random reaches a template through it.
    """
    messages = [{"role": "system", "content": _content(recipe.system, form[0])}] if recipe.system else []
    messages.append({"role": "user", "content": _content(recipe.prompt, form[1])})
    day = date.fromisoformat(recipe.date) if recipe.date else date.today()
    compiled = _compile_jinja_template(template)
    compiled.environment.filters["random"] = _refuse_random
    text = compiled.render(
        messages=messages,
        tools=None,
        documents=None,
        add_generation_prompt=True,
        **(tokenizer.special_tokens_map | {"strftime_now": datetime.combine(day, time()).strftime}),
        lipsum=_refuse_random,
    )
    require_text("text that the chat template makes", text)
    return text


def _content(text: str, as_parts: bool) -> Any:
    return [{"type": "text", "text": text}] if as_parts else text


def _refuse_random(*_, **__) -> NoReturn:
    raise TemplateError("it draws at random, so no recipe could give the same text again")


def _refusal(error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    reason = printable(str(error)[:LONGEST_REASON]) or "it gives no reason"
    if type(error) is TemplateError:  # what a template itself raises
        return UserError(f"This model's chat template refuses the messages: {reason}. {WAY_OUT}")
    return UserError(
        f"This model's chat template fails on these messages ({type(error).__name__}: {reason}). {WAY_OUT}"
    )


def _written(shape: str, marks: dict[str, str], recipe: Recipe, text: str) -> dict[str, str] | None:
    """How the template writes each input, by its mark: as it is, or without white space at its ends."""
    for of_prompt, of_system in itertools.product(NORMAL, repeat=2):
        written = {marks["prompt"]: of_prompt(recipe.prompt), marks["system"]: of_system(recipe.system)}
        if "".join(written.get(part, part) for part in _parts(shape, marks)) == text:
            return written
    return None


def _parts(shape: str, marks: dict[str, str]) -> list[str]:
    return re.split(f"([{''.join(marks.values())}])", shape)


def _spans(shape: str, marks: dict[str, str], written: dict[str, str]) -> tuple[Span, ...]:
    kinds, at, spans = {mark: kind for kind, mark in marks.items()}, 0, []
    for part in _parts(shape, marks):
        if length := len(written.get(part, part)):
            spans.append(Span(at, at + length, kinds.get(part, "template")))
        at += length
    return tuple(spans)


def _all_lost(
    recipe: Recipe,
    text: str,
    spans: tuple[Span, ...],
    shape: str,
    marks: dict[str, str],
    written: dict[str, str] | None,
) -> Iterator[Lost]:
    there = {span.kind for span in spans}
    inputs: tuple[tuple[What, str], ...] = (("system", recipe.system), ("prompt", recipe.prompt))
    for what, typed in inputs:
        bare = typed.strip()
        if bare and (what not in there if written else bare not in text):
            yield from _lost(what, "changed" if marks[what] in shape else "dropped", typed)
        elif written and what in there and (n := len(typed) - len(written[marks[what]])):
            yield Lost(what, "trimmed", n)


def _lost(what: What, how: How, typed: str) -> Iterator[Lost]:
    if bare := typed.strip():
        yield Lost(what, how, len(typed), bare[:SHOWN_START])
