"""Compares two reduced answers, and reduces several answers to one question to what they have in common.

Strings, integers and structure must be equal. A float may differ by the rounding of float32 when another CPU adds in
another order: by about 1e-6 of the largest number involved, and after thirty layers by about 1e-5 of it. The
tolerances are well above that, and far below the effect of a mistake.
"""

from collections.abc import Iterator
from math import isclose

RELATIVE, ABSOLUTE = 2e-4, 1e-5
# One step of the numbers as sent: the last bit of a float16 (relative), one of 256 levels, the fourth decimal.
STEPS = {"float16": (1e-3, 0.0), "uint8": (0.0, 1.0), "decimal4": (0.0, 1.01e-4)}
# Stands where the recorder found no unique answer: two almost tied tokens, whose order may depend on the CPU.
ANY = "<any>"
MORE = "<more>"


def differences(golden, answer, path: str = "") -> Iterator[str]:
    """The differences between an answer and the golden one, as lines of text."""
    if golden == ANY:
        return
    if isinstance(golden, dict) and isinstance(answer, dict):
        yield from _of_objects(golden, answer, path)
    elif isinstance(golden, list) and isinstance(answer, list) and len(golden) == len(answer):
        absolute = ABSOLUTE * _scale(golden)
        for place, (was, now) in enumerate(zip(golden, answer, strict=True)):
            if not (isinstance(was, float) and _same(was, now, RELATIVE, absolute)):
                yield from differences(was, now, f"{path}[{place}]")
    elif not _same(golden, answer, RELATIVE, ABSOLUTE):
        yield f"{path}: {golden!r:.300} is now {answer!r:.300}"


def _scale(numbers: list) -> float:
    """What the entries of a list are as large as: a logit near 0 is a sum of the same numbers as one of 20."""
    return max([1.0, *(abs(number) for number in numbers if isinstance(number, float))])


def _agree(numbers: list, absolute: float) -> bool:
    first = numbers[0]
    return isinstance(first, float) and all(_same(first, other, RELATIVE, absolute) for other in numbers[1:])


def _of_objects(golden: dict, answer: dict, path: str) -> Iterator[str]:
    known, open_ended = golden.keys() - {MORE}, MORE in golden
    for name in sorted(known - answer.keys()):
        yield f"{path}.{name}: missing"
    for name in sorted(answer.keys() - known if not open_ended else ()):
        yield f"{path}.{name}: new"
    if "array" in golden and golden.get("array") == answer.get("array"):
        yield from _of_arrays(golden, answer, path)
        return
    for name in sorted(known & answer.keys()):
        yield from differences(golden[name], answer[name], f"{path}.{name}")


def _of_arrays(golden: dict, answer: dict, path: str) -> Iterator[str]:
    for name in ("shape", "stride"):
        yield from differences(golden[name], answer[name], f"{path}.{name}")
    relative, absolute = slack(golden)
    for name in ("mean", "largest"):
        if golden[name] != ANY and not _same(float(golden[name]), float(answer[name]), relative, absolute):
            yield f"{path}.{name}: {golden[name]} is now {answer[name]}"
    pairs = list(zip(golden["values"], answer["values"], strict=False))
    wrong = [pair for pair in pairs if pair[0] != ANY and not _same(*pair, relative, absolute)]
    if wrong:
        yield f"{path}: {len(wrong)} of {len(pairs)} values differ, the first {wrong[0][0]} is now {wrong[0][1]}"


def slack(array: dict) -> tuple[float, float]:
    """The relative and absolute tolerance of an array: an entry is a sum of numbers as large as the largest."""
    largest = array["largest"] if isinstance(array["largest"], float) else 1.0
    relative, absolute = STEPS.get(array["array"], (0.0, 0.0))
    return max(RELATIVE, relative), max(ABSOLUTE * max(1.0, largest), absolute)


def _same(was, now, relative: float, absolute: float) -> bool:
    if isinstance(was, float) and isinstance(now, float):
        return isclose(was, now, rel_tol=relative, abs_tol=absolute)
    if type(was) is int and type(now) is int and absolute == 1.0:
        return abs(was - now) <= 1
    # JSON has only one kind of number, so 1 and 1.0 are the same.
    if {type(was), type(now)} == {int, float}:
        return isclose(was, now, rel_tol=relative, abs_tol=absolute)
    return type(was) is type(now) and was == now


def joined(answers: list):
    """The first of several answers to one question, with ANY where another one differs by more than the tolerance."""
    first, others = answers[0], answers[1:]
    if all(isinstance(answer, dict) for answer in answers):
        return _joined_objects(answers)
    if all(isinstance(answer, list) and len(answer) == len(first) for answer in answers):
        columns = [list(column) for column in zip(*answers, strict=True)]
        absolute = ABSOLUTE * _scale(first)
        return [column[0] if _agree(column, absolute) else joined(column) for column in columns]
    return ANY if any(next(differences(first, other), None) for other in others) else first


def _joined_objects(answers: list[dict]) -> dict:
    first = answers[0]
    common = [name for name in first if all(name in answer for answer in answers)]
    found = {name: joined([answer[name] for answer in answers]) for name in common}
    if any(answer.keys() != first.keys() for answer in answers):
        found[MORE] = True
    if "array" in common:
        relative, absolute = slack(first)
        columns = zip(*(answer["values"] for answer in answers), strict=True)
        found["values"] = [
            column[0] if all(_same(column[0], other, relative, absolute) for other in column[1:]) else ANY
            for column in columns
        ]
    return found
