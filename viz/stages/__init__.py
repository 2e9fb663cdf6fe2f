"""What a page may ask of an engine, by name; one file or folder a stage, with the names of `model/`.

A view is a look at a run: function(engine, recipe, args) -> JSON-able dict, answered at once.
A job takes longer: it goes through the queue, reports its progress, and can be stopped. It is a
function(engine, recipe, args) that yields Progress, or dicts that are complete in themselves, for the page skips some.
"""

from viz.wire.discover import discover


def all_views() -> dict:
    """Every view by its name."""
    return discover(__name__, __path__, "VIEWS")


def all_jobs() -> dict:
    """Every job by its name."""
    return discover(__name__, __path__, "JOBS")
