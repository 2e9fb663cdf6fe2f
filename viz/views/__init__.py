"""What a page may ask of an engine, by name; one file a stage."""

import importlib
import pkgutil


def all_views() -> dict:
    """Every view of every stage: name -> function(engine, recipe, args) -> JSON-able dict."""
    views = {}
    for module in pkgutil.iter_modules(__path__):
        found = importlib.import_module(f"{__name__}.{module.name}").VIEWS
        repeated = views.keys() & found.keys()
        if repeated:
            raise RuntimeError(f"view {sorted(repeated)[0]!r} is defined twice")
        views |= found
    return views
