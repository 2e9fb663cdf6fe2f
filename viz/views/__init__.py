"""What a page may ask of an engine, by name; one file a stage."""

from viz.discover import discover


def all_views() -> dict:
    """Every view of every stage: name -> function(engine, recipe, args) -> JSON-able dict."""
    return discover(__name__, __path__, "VIEWS")
