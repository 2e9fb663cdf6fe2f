"""The functions that the files of a folder offer, by name."""

import importlib
import pkgutil


def discover(package: str, path: list[str], attribute: str) -> dict:
    """All entries of `attribute`, a dict in each module of the package. A name given twice is an error."""
    found: dict = {}
    for module in pkgutil.iter_modules(path):
        offered = getattr(importlib.import_module(f"{package}.{module.name}"), attribute)
        repeated = found.keys() & offered.keys()
        if repeated:
            raise RuntimeError(f"{sorted(repeated)[0]!r} is defined twice in {package}")
        found |= offered
    return found
