"""Requests to the wire from a small grammar of all views, jobs and recipes, most of them wrong in one place or two."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.records.run import EngineStatus
from model.request.recipe import Recipe
from tests.asked import JOBS, VIEWS
from tests.pools import pool_of, three_models, use
from viz.stages import all_jobs, all_views
from viz.wire.answers import answer_view, follow

PROMPTS = ("the quick brown fox", "the lazy dog", "fox " * 90, "a", "é🚀\u0000\u202e<script>")
DEEP: Any = 5
for _ in range(60):
    DEEP = [DEEP]
# What a value may be that no page sends in its place.
EDGES = (0, 1, -1, 2, 7, 64, 127, 128, 1_000, 1_000_000, 1_000_001, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400)
FLOATS = (0.5, -0.0, 1e-300, 1e300, float("nan"), float("inf"), 3.0)
PATHS = ("~nosuchuser/x", "/" + "x" * 5_000, "/" + "x" * 300, "/nowhere", "../..", "/proc/1/root", "C:\\x")
TEXTS = (
    "",
    " ",
    "0",
    "max",
    "median",
    "model",
    "neuron",
    "window",
    "exit",
    "x" * 5_000,
    "\ud83d",
    "\u0000",
    "é" * 200,
    *PATHS,
)
OTHERS = (None, True, False, [], {}, [1], [[]], {"a": 1}, [None, {"b": []}], DEEP, {"x" * 3_000: "y" * 3_000})
JUNK = (*EDGES, *FLOATS, *TEXTS, *OTHERS)
# Arguments that are optional somewhere, and where they are not known.
NAMES = (
    *("n_steps", "chat", "rule", "row_start", "tokens_from", "steps_from", "layer_start", "k", "token", "against", "n"),
    *("position", "layer", "head", "key", "query", "prompt", "around", "stage", "kind", "text", "weight_bits", "sinks"),
    *("cache_bits", "window", "draft_model", "n_layers", "longest", "largest", "document", "requests", "nonsense"),
)
MODELS = (*PATHS, "a/b", "http://evil.example/x", "-", "\u0000")
SAMPLING = ("do_sample", "temperature", "top_k", "top_p", "seed", "repetition_penalty", "min_p", "typical_p", "x")


@dataclass(frozen=True)
class Page:
    """A page's models, with runs in memory, and the requests that are right."""

    pool: Any
    recipes: tuple[Recipe, ...]
    jobs: dict[str, dict]
    views: dict[str, dict]

    def status(self) -> EngineStatus:
        return EngineStatus("ready", "Ready", 1.0)

    def models(self) -> Any:
        return self.pool


def page_in(folder: Path) -> Page:
    """Three tiny models of three families, each with a run, in memory."""
    saved = three_models(folder)
    pool = pool_of(saved["gpt2"], max_prompt_tokens=100, max_new_tokens=16, budget_seconds=5)
    recipes = [Recipe(PROMPTS[0], max_new_tokens=5, model=str(path)) for path in saved.values()]
    recipes.append(replace(recipes[0], prompt=PROMPTS[1], chat=False, forced=((1, 3),)))
    for recipe in recipes:
        engine, _ = use(pool, recipe)
        *_, last = engine.run(recipe)
    jobs = {**JOBS, "routing": {"position": 3}, "open_run_file": {"document": _document(pool, recipes[0])}}
    return Page(pool, tuple(recipes), jobs, {**VIEWS, "models": {}, "model_look": {}})


def _document(pool, recipe: Recipe) -> dict:
    """A trace file of the run."""
    with pool.using(recipe) as engine:
        *_, made = all_jobs()["run_file"](engine, recipe, {"n_steps": 5})
    return json.loads(json.dumps(made["document"]))


def requests(chance: random.Random, page: Page) -> Iterator[tuple[str, Any]]:
    """Without end: ('look', a text) or ('queue', a value as JSON gave it)."""
    while True:
        request = {"id": "fuzz", "recipe": _recipe(chance, page), "args": {}}
        kind = chance.choices(("look", "job", "run"), (70, 12, 18))[0]
        if kind == "look":
            request["name"] = chance.choice(sorted(page.views))
            request["args"] = _args(chance, page.views[request["name"]])
        elif kind == "job":
            # The roofline takes as long as a hundred others.
            jobs = sorted(page.jobs)
            request["job"] = chance.choices(jobs, [1 if name == "roofline" else 20 for name in jobs])[0]
            request["args"] = _args(chance, page.jobs[request["job"]])
        else:
            request["n_steps"] = chance.choice((None, 0, 1, 5, 16, *JUNK))
        if chance.random() < 0.15:
            request = _bent(chance, request)
        yield ("look", _text(chance, request)) if kind == "look" else ("queue", request)


def _bent(chance: random.Random, request: dict) -> Any:
    """A request with one of its parts replaced or left out, or none at all."""
    bent = dict(request)
    name = chance.choice((*sorted(bent), "args", "recipe", "n_steps", "nonsense"))
    if chance.random() < 0.3:
        bent.pop(name, None)
        return bent
    if chance.random() < 0.1:
        return chance.choice(JUNK)
    return {**bent, name: chance.choice(JUNK)}


def _args(chance: random.Random, sample: dict) -> dict:
    args = dict(sample)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        name = chance.choice((*sorted(args), chance.choice(NAMES)))
        how = chance.random()
        if how < 0.1:
            args.pop(name, None)
        elif how < 0.35 and isinstance(args.get(name), dict | list):
            args[name] = _damaged(chance, args[name])
        else:
            args[name] = chance.choice(JUNK)
    return args


def _damaged(chance: random.Random, value: Any) -> Any:
    """A list or an object in which one thing, however deep, is something else or is missing."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.2:
        return chance.choice(JUNK)
    changed = value.copy()
    place = chance.choice(sorted(changed)) if isinstance(changed, dict) else chance.randrange(len(changed))
    if chance.random() < 0.15:
        del changed[place]
    else:
        changed[place] = _damaged(chance, changed[place])
    return changed


def _recipe(chance: random.Random, page: Page) -> Any:
    recipe = json.loads(chance.choice(page.recipes).to_json())
    how = chance.random()
    if how < 0.7:
        return recipe
    if how < 0.8:
        return {**recipe, "model": chance.choice(MODELS)}
    if how < 0.85:
        return {**recipe, "prompt": chance.choice(PROMPTS), "max_new_tokens": chance.choice((1, 4, *EDGES))}
    if how < 0.9:
        setting = chance.choice(SAMPLING)
        return {**recipe, "sampling": {"do_sample": True, setting: chance.choice((0.5, *JUNK))}}
    return _damaged(chance, recipe)


def _text(chance: random.Random, request: Any) -> str:
    """The request as JSON text, now and then not quite."""
    text = json.dumps(request)
    how = chance.random()
    if how < 0.03:
        return text[: chance.randrange(len(text))]
    if how < 0.05:
        place = chance.randrange(len(text))
        put = chance.choice(("\ud83d", "\u0000", "[" * 2_000, "9" * 5_000, "NaN", "}", '"'))
        return text[:place] + put + text[place:]
    return text


def unexpected(page: Page, asked: tuple[str, Any]) -> bool:
    """Whether the answer is the one for what nobody thought of. The request goes through the page's own two ways."""
    kind, request = asked
    if kind == "look":
        return json.loads(answer_view(all_views(), page, request)).get("reason") == "unexpected"
    return any(standing.get("reason") == "unexpected" for standing in follow(page, all_jobs(), request))


def unknown(page: Page) -> set[str]:
    """The views and jobs that the grammar does not ask: none."""
    return (all_views().keys() ^ page.views.keys()) | (all_jobs().keys() ^ page.jobs.keys())
