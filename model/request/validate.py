"""Input validation; each error names the value, the limit and a way out."""

from datetime import date

from model.request.errors import UserError


def require_bool(name: str, value) -> None:
    if not isinstance(value, bool):
        raise UserError(f"{name} is {shorten(value)}; it must be true or false.")


def require_integer(name: str, value, low: int, high: int, way_out: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        limits = f"a whole number from {low:,} to {high:,}"
        raise UserError(f"{name} is {shorten(value)}; it must be {limits} ({way_out}).")


def require_number(name: str, value, low: float, high: float, way_out: str, above_low=False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # NaN and infinities fail the comparison.
    if not number or not low <= value <= high or (above_low and value == low):
        limits = f"a number above {low:g}, up to {high:g}" if above_low else f"from {low:g} to {high:g}"
        raise UserError(f"{name} is {shorten(value)}; it must be {limits} ({way_out}).")


def require_day(name: str, value: str) -> None:
    """Requires a day as YYYY-MM-DD, or nothing."""
    try:
        # The parser takes other spellings too; one day must have one spelling, for it is part of a key.
        valid = not value or date.fromisoformat(value).isoformat() == value
    except ValueError:
        valid = False
    if not valid:
        raise UserError(f"{name} is {shorten(value)}; it must be a day such as 2026-01-31. Leave it empty for today.")


def require_field(label: str, value, low: float, high: float, way_out: str, whole: bool = True) -> None:
    """Checks a number that was typed into a field of the page with this label; None means the field is empty."""
    if value is None:
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{label} is empty; type {kind} from {low:,} to {high:,} ({way_out}).")
    if whole:
        require_integer(label, value, int(low), int(high), way_out)
    else:
        require_number(label, value, low, high, way_out)


def shorten(value) -> str:
    """A rejected value as printable ASCII, shortened to fit into a message."""
    text = repr(value)
    return ascii(text)[1:-1] if len(text) <= 40 else ascii(text[:40])[1:-1] + "…"


def printable(text: str) -> str:
    """A text of a third party for a message: each character that is not printable as its escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
