"""What the page's scripts must know before they ask."""

import json
from pathlib import Path
from typing import TypedDict

import plotly

from model.request.recipe import Recipe
from viz.wire.plain import Part

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PLOTLY = Path(plotly.__file__).resolve().parent / "package_data"
PLOTLY_SCRIPT = PLOTLY / "plotly.min.js"


class Example(TypedDict):
    """A run to begin with, as its file has it."""

    id: str
    title: str
    note: str
    recipe: Part[Recipe]


class PageConfig(TypedDict):
    """Where files are, and the examples, the first visit's first. `modules` are what a walk taken along is made of."""

    modules: list[str]
    js: str
    css: list[str]
    plotly: str
    vendor: str
    examples: list[Example]


def examples(max_new_tokens: int) -> list[Example]:
    """The examples of the page, none with a longer answer than this page allows."""
    found: list[Example] = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    for example in found:
        recipe = example["recipe"]
        recipe["max_new_tokens"] = min(recipe["max_new_tokens"], max_new_tokens)
    return found


def page_config(max_new_tokens: int) -> PageConfig:
    """The page's configuration, read from the files it names."""
    # The narrow screen's rules come last, so that they win.
    sheets = sorted((ASSETS / "css").rglob("*.css"), key=lambda sheet: (sheet.stem == "phone", sheet.stem))
    # What makes the file that is taken along stays here.
    paths = (path.relative_to(ASSETS / "js") for path in sorted((ASSETS / "js").rglob("*.js")))
    modules = [path.as_posix() for path in paths if path.parts[0] != "export"]
    return {
        "modules": modules,
        "js": f"/gradio_api/file={ASSETS / 'js'}/",
        "css": [f"/gradio_api/file={sheet}" for sheet in sheets],
        "plotly": f"/gradio_api/file={PLOTLY_SCRIPT}",
        "vendor": f"/gradio_api/file={ASSETS / 'vendor'}/",
        "examples": examples(max_new_tokens),
    }
