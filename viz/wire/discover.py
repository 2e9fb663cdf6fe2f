"""The functions that the files below a folder offer, by name."""

import importlib
import pkgutil


def discover(package: str, path: list[str], attribute: str) -> dict:
    """All entries of `attribute`, a dict in some modules below the package. A name given twice is an error."""
    found: dict = {}
    for module in pkgutil.walk_packages(path, f"{package}."):
        offered = getattr(importlib.import_module(module.name), attribute, {})
        repeated = found.keys() & offered.keys()
        if repeated:
            raise RuntimeError(f"{sorted(repeated)[0]!r} is defined twice in {package}")
        found |= offered
    return found
