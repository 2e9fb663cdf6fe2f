"""The functions that the files below a folder offer, by name."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable


def discover(package: str, path: Iterable[str], attribute: str) -> dict:
    """All entries of `attribute`, a dict in some modules below the package. A name given twice is an error."""
    found: dict = {}
    for module in pkgutil.walk_packages(path, f"{package}."):
        offered = getattr(importlib.import_module(module.name), attribute, {})
        repeated = found.keys() & offered.keys()
        if repeated:
            raise RuntimeError(f"{sorted(repeated)[0]!r} is defined twice in {package}")
        found |= offered
    return found


def about_models(view: Callable) -> Callable:
    """Marks a view that takes the pool of models in place of an engine: the model it asks about may not be loaded."""
    view.__dict__["about_models"] = True
    return view


def is_about_models(view: Callable) -> bool:
    """True for a view that was marked so."""
    return getattr(view, "about_models", False)
