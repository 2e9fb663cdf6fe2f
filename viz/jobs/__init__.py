"""Work on a run that takes long: it goes through the queue, says how far it is, and can be stopped.

A job is a function(engine, recipe, args) that yields Progress, or dicts that are complete in themselves,
for the page skips some. One file a job, each with JOBS = {name: function}.
"""

from viz.discover import discover


def all_jobs() -> dict:
    """Every job by its name."""
    return discover(__name__, __path__, "JOBS")
