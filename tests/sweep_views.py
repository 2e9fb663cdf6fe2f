"""Every further view of the page on one run: what neither answers nor says why is a fault."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from model.engine.core import LocalEngine
from model.request.errors import UserError
from model.request.recipe import Recipe


def faults(engine: LocalEngine, recipe: Recipe) -> Iterator[str]:
    """Every further view of the page on this run: those that neither answer nor say why."""
    run = engine.snapshot(recipe)
    n, last, token = engine._trace(recipe).capture.n_positions, len(run.tokens) - 1, run.tokens.ids[-1]
    calls: dict[str, Callable] = {
        "architecture": lambda: engine.architecture(),
        "routing": lambda: last_of(engine.routing(recipe, last)),
        "seen": lambda: engine.seen(recipe, False),
        "token path": lambda: engine.token_path(recipe, last),
        "merges": lambda: engine.token_merges(recipe, last),
        "detokenize": lambda: engine.detokenize(recipe, 3, 0, False),
        "embeddings": lambda: engine.embeddings(recipe, n, last),
        "similarity": lambda: engine.similarity(recipe, n, last),
        "nearest": lambda: engine.nearest(recipe, token, 5),
        "embedding map": lambda: engine.embedding_map(recipe, n, last),
        **{f"positions {i}": lambda i=i: engine.positions(recipe, n, last, i) for i in range(engine.lm.card.n_layers)},
        "dot product": lambda: engine.dot_product(recipe, 1, 0, last, 1),
        "overview": lambda: engine.attention_overview(recipe, 0, n),
        "tile": lambda: engine.attention_tile(recipe, 1, 0, (0, n), (0, n)),
        "position": lambda: engine.position_attention(recipe, 1, 0, last, n),
        "head scores": lambda: engine.head_scores(recipe, 0, n),
        "run checks": lambda: engine.run_checks(recipe, 1, 0),
        "one head": lambda: engine.one_head(recipe, 1, 0, last),
        "head checks": lambda: engine.head_checks(recipe, 1, 0, last, 1),
        "head window": lambda: engine.attention_window(recipe, (0, 2), 0, last),
        "head vectors": lambda: engine.head_vectors(recipe, 1, 0, 0, last),
        "attribution": lambda: engine.attribution(recipe, last),
        "neurons": lambda: engine.neurons(recipe, 1, last, 5),
        "kv cache": lambda: engine.kv_cache(recipe),
        "step costs": lambda: engine.step_costs(recipe),
        "cache sizes": lambda: engine.cache_sizes(recipe, n, 8),
        "cache race": lambda: last_of(engine.cache_race(recipe, 3)),
        "latency": lambda: engine.latency(recipe),
        "stage times": lambda: last_of(engine.stage_times(recipe)),
        "what if": lambda: engine.what_if(recipe, 0, 0, 16, (512, 1024, 1)),
        "surprisal": lambda: last_of(engine.prompt_surprisal(recipe)),
        "beams": lambda: engine.beams(recipe, 2, 3),
        "lookup draft": lambda: last_of(engine.speculate(recipe, "lookup", 2, 4, 1, "")),
        "early exit": lambda: last_of(engine.speculate(recipe, "exit", 2, 4, 1, "")),
        "sink window": lambda: last_of(engine.cache_variant(recipe, "sinks", 4, 8, 2)),
        "fork": lambda: last_of(engine.run(replace(recipe, forced=((1, 5),)))),
    }
    for name, call in calls.items():
        try:
            call()
        except UserError:
            continue
        except Exception as error:
            yield f"{name}: {said(error)}"


def said(error: Exception) -> str:
    """An error on one line."""
    text = " ".join(str(error).split())
    return (text if isinstance(error, UserError) else f"{type(error).__name__}: {text}")[:320]


def last_of(items: Iterable):
    """The last of what a generator gives."""
    return deque(items, maxlen=1).pop()
