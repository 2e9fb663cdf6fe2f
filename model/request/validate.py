"""Checks where an option enters; each refusal names the value, the limit and the way out."""

from model.request.errors import UserError


def require_bool(name: str, value) -> None:
    if not isinstance(value, bool):
        raise UserError(f"{name} is {value!r}; it must be true or false.")


def require_integer(name: str, value, low: int, high: int, way_out: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        limits = f"a whole number from {low:,} to {high:,}"
        raise UserError(f"{name} is {shown(value)}; it must be {limits} ({way_out}).")


def require_number(name: str, value, low: float, high: float, way_out: str, above_low=False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # nan and the infinities fail the comparison.
    if not number or not low <= value <= high or (above_low and value == low):
        limits = f"a number above {low:g}, up to {high:g}" if above_low else f"from {low:g} to {high:g}"
        raise UserError(f"{name} is {shown(value)}; it must be {limits} ({way_out}).")


def require_field(label: str, value, low: float, high: float, way_out: str, whole: bool = True) -> None:
    """A number typed into a field of the page, named by its label there; None is an empty field."""
    if value is None:
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{label} is empty; type {kind} from {low:,} to {high:,} ({way_out}).")
    (require_integer if whole else require_number)(label, value, low, high, way_out)


def shown(value) -> str:
    """A bad value as printable ASCII, short enough for a message."""
    text = repr(value)
    return ascii(text)[1:-1] if len(text) <= 40 else ascii(text[:40])[1:-1] + "…"
