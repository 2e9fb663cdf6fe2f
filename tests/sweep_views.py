"""Calls all other views of the page on one run; one that fails without a reason is a fault."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from model.engine.core import LocalEngine
from model.request.errors import UserError
from model.request.recipe import Recipe


def faults(engine: LocalEngine, recipe: Recipe) -> Iterator[str]:
    """Calls all other views of the page on this run; yields those that fail without a reason."""
    for name, error in outcomes(engine, recipe):
        if error and not isinstance(error, UserError):
            yield f"{name}: {said(error)}"


def outcomes(engine: LocalEngine, recipe: Recipe) -> Iterator[tuple[str, Exception | None]]:
    """Calls all other views of the page on this run; yields each name with its error, or None."""
    run = engine.snapshot(recipe)
    n, last, token = engine.trace(recipe).capture.n_positions, len(run.tokens) - 1, run.tokens.ids[-1]
    calls: dict[str, Callable] = {
        "architecture": lambda: engine.architecture.describe(),
        "routing": lambda: last_of(engine.architecture.routing(recipe, last)),
        "seen": lambda: engine.tokens.seen(recipe, False),
        "token path": lambda: engine.tokens.path(recipe, last),
        "merges": lambda: engine.tokens.merges(recipe, last),
        "detokenize": lambda: engine.tokens.detokenize(recipe, 3, 0, False),
        "embeddings": lambda: engine.embed.embeddings(recipe, n, last),
        "similarity": lambda: engine.embed.similarity(recipe, n, last),
        "nearest": lambda: engine.embed.nearest(recipe, token, 5),
        "embedding map": lambda: engine.embed.embedding_map(recipe, n, last),
        **{
            f"positions {i}": lambda i=i: engine.embed.positions(recipe, n, last, i)
            for i in range(engine.lm.card.n_layers)
        },
        "dot product": lambda: engine.embed.dot_product(recipe, 1, 0, last, 1),
        "overview": lambda: engine.attention.overview(recipe, 0, n),
        "tile": lambda: engine.attention.tile(recipe, 1, 0, (0, n), (0, n)),
        "position": lambda: engine.attention.position(recipe, 1, 0, last, n),
        "head scores": lambda: engine.attention.head_scores(recipe, 0, n),
        "run checks": lambda: engine.attention.check_run(recipe, 1, 0),
        "one head": lambda: engine.attention.one_head(recipe, 1, 0, last),
        "head checks": lambda: engine.attention.check_head(recipe, 1, 0, last, 1),
        "head window": lambda: engine.attention.window(recipe, (0, 2), 0, last),
        "head vectors": lambda: engine.attention.head_vectors(recipe, 1, 0, 0, last),
        "attribution": lambda: engine.layers.attribution(recipe, last),
        "neurons": lambda: engine.layers.neurons(recipe, 1, last, 5),
        "kv cache": lambda: engine.cache.contents(recipe),
        "step costs": lambda: engine.cache.step_costs(recipe),
        "cache sizes": lambda: engine.cache.sizes(recipe, n, 8),
        "cache race": lambda: last_of(engine.cache.race(recipe, 3)),
        "latency": lambda: engine.latency.recorded(recipe),
        "stage times": lambda: last_of(engine.latency.stage_times(recipe)),
        "what if": lambda: engine.latency.what_if(recipe, 0, 0, 16, (512, 1024, 1)),
        "surprisal": lambda: last_of(engine.decode.prompt_surprisal(recipe)),
        "beams": lambda: engine.decode.beams(recipe, 2, 3),
        "lookup draft": lambda: last_of(engine.speculative.speculate(recipe, "lookup", 2, 4, 1, "")),
        "early exit": lambda: last_of(engine.speculative.speculate(recipe, "exit", 2, 4, 1, "")),
        "sink window": lambda: last_of(engine.cache.variant(recipe, "window", 4, 8, 2)),
        "fork": lambda: last_of(engine.run(replace(recipe, forced=((1, 5),)))),
    }
    for name, call in calls.items():
        try:
            call()
        except Exception as error:
            yield name, error
        else:
            yield name, None


def said(error: Exception) -> str:
    """An error on one line."""
    text = " ".join(str(error).split())
    return (text if isinstance(error, UserError) else f"{type(error).__name__}: {text}")[:320]


def last_of(items: Iterable):
    """The last item of a generator."""
    return deque(items, maxlen=1).pop()
