"""All questions of the golden set by group: {name of a case: a function that returns its reduced answer}."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.golden import cases, face, linked, refused
from tests.golden.reduce import reduced, reported

Questions = dict[str, Callable[[], dict]]


def runs(page: face.Page) -> Questions:
    """The runs of all recipes; they come first, because the views need them."""
    asked = {name: {"recipe": recipe} for name, recipe in cases.RECIPES.items() if name != "unseen"}
    return {name: partial(_run, page, request) for name, request in asked.items()}


def api(page: face.Page) -> Questions:
    """The four calls."""
    return {name: partial(_call, page, *asked) for name, asked in cases.API.items()}


def views(page: face.Page) -> Questions:
    """Every view with sensible arguments."""
    return {_title(*asked): partial(_view, page, _request("name", *asked), asked[0]) for asked in cases.VIEWS}


def jobs(page: face.Page) -> Questions:
    """Every job with sensible arguments."""
    return {_title(*asked): partial(_job, page, _request("job", *asked), asked[0]) for asked in cases.JOBS}


def files(page: face.Page, documents: dict) -> Questions:
    """Recorded trace files, opened like on the page, and the run that is then shown."""
    return {name: partial(_file, page, document) for name, document in documents.items()}


def refusals(page: face.Page) -> Questions:
    """Requests that views, jobs and runs refuse."""
    asked: Questions = {}
    for name, recipe, args in refused.views():
        asked[f"view {_title(name, recipe, args)}"] = partial(_view, page, _request("name", name, recipe, args), name)
    for name, args in refused.JOB_ARGUMENTS:
        asked[f"job {_title(name, 'greedy', args)}"] = partial(_job, page, _request("job", name, "greedy", args), name)
    for request in refused.REQUESTS:
        asked[f"request {_short(request)}"] = partial(_view, page, request, str(request["name"]))
    for request in refused.RUNS:
        asked[f"run {_short(request)}"] = partial(_run, page, request)
    return asked


def _call(page: face.Page, call: str, arguments: dict):
    return reduced(page.api(call, arguments), call)


def _view(page: face.Page, request: dict, where: str):
    return reduced(page.view(request), where)


def _run(page: face.Page, request: dict) -> dict:
    return reported(page.run(request), "run")


def _job(page: face.Page, request: dict, where: str) -> dict:
    return reported(page.job(request), where)


def _file(page: face.Page, document: dict) -> dict:
    args = {"document": document}
    heard = page.job({"job": "open_run_file", "recipe": cases.RECIPES["greedy"], "args": args})
    found = heard[-2]["found"]
    recipe, n_steps = found["recipe"], found["n_steps"]
    run = {"recipe": recipe, "n_steps": n_steps}
    view = {"name": "run", "recipe": recipe, "args": {"n_steps": n_steps}}
    return {
        "opened": reported(heard, "open_run_file"),
        "run": _run(page, run),
        "shown": _view(page, view, "run"),
    }


def recipes() -> Questions:
    """Recipes parsed from text and written again."""
    texts = [*refused.TEXTS, *(json.dumps(recipe) for recipe in cases.RECIPES.values())]
    return {_short(text): partial(face.recipe, text) for text in texts}


def links(workshop: Path) -> dict:
    """Addresses that the page writes and reads, and the recipes in them as parsed by the server."""
    found = face.links(linked.QUESTIONS, workshop)
    found["keys"] = [
        item["completed"] and face.recipe(json.dumps(item["completed"]))
        for item in [*(written["opened"] for written in found["written"]), *found["opened"]]
    ]
    return found


def document(page: face.Page, name: str, n_steps: int) -> dict:
    """The trace file of a recipe, as saved by the page."""
    heard = page.job(_request("job", "run_file", name, {"n_steps": n_steps}))
    return heard[-2]["found"]["document"]


def _request(kind: str, name: str, recipe: str, args: dict) -> dict:
    return {"id": "golden", kind: name, "recipe": cases.RECIPES[recipe], "args": args}


def _title(name: str, recipe: str, args: dict) -> str:
    return f"{name[:30]}, {recipe}: {_short(args)}"


def _short(value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 90 else f"{text[:60]}… ({len(text)})"
