"""The run as a file to take along, and such a file held against the same run made here."""

from dataclasses import replace
from typing import NotRequired, TypedDict

from model.records.file import Comparison, LogitsSummary
from model.request.recipe import Recipe
from viz.wire.args import integer
from viz.wire.engine import Engine, Job
from viz.wire.payload import RecipeAnswer, RunMade, recipe_payload, run_made, step_payload
from viz.wire.plain import Plain, PlainWith, plain, plain_with

FORMAT = "token-by-token/run"
VERSION = 1
# Of what the model is, the file leaves out what belongs to the machine: `made_by` has that.
NOT_FILED = ("checks", "dtype", "device")


class RunDocument(RunMade):
    """The file of docs/trace.md. `model` has the fields of ModelCard that are not of this machine."""

    format: str
    version: int
    recipe: PlainWith[Recipe, RecipeAnswer]
    model: dict[str, object]
    made_by: dict[str, str]
    logits: list[Plain[LogitsSummary]]


class RunFileAnswer(TypedDict):
    document: RunDocument


class ComparisonAnswer(TypedDict):
    same_tokens: bool


class OpenedRun(TypedDict):
    """The file's recipe on the model that is open here; the comparison comes when that has been run."""

    recipe: PlainWith[Recipe, RecipeAnswer]
    n_steps: int
    comparison: NotRequired[PlainWith[Comparison, ComparisonAnswer]]


def run_file(engine: Engine, recipe: Recipe, args: dict) -> Job[RunFileAnswer]:
    """The document of docs/trace.md for the run up to `n_steps` tokens."""
    made = yield from engine.file.run_file(recipe, integer(args, "n_steps"))
    tokens, steps = [plain(token) for token in made.run.tokens.tokens], [step_payload(step) for step in made.run.steps]
    yield {
        "document": {
            "format": FORMAT,
            "version": VERSION,
            "recipe": recipe_payload(made.run.recipe),
            "model": {name: value for name, value in plain(made.card).items() if name not in NOT_FILED},
            "made_by": made.versions,
            **run_made(made.run, tokens, steps),
            "logits": [plain(summary) for summary in made.logits],
        }
    }


def open_run_file(engine: Engine, recipe: Recipe, args: dict) -> Job[OpenedRun]:
    """The file's recipe, on the model of `recipe`, once it has passed its checks, and how its numbers compare."""
    filed = engine.file.read_run_file(args.get("document"))
    here = replace(filed.recipe, model=recipe.model, revision=recipe.revision, device=recipe.device, dtype=recipe.dtype)
    theirs: OpenedRun = {"recipe": recipe_payload(here), "n_steps": len(filed.steps)}
    yield theirs
    compared = yield from engine.file.compare_run_file(filed)
    yield {**theirs, "comparison": plain_with(compared, ComparisonAnswer(same_tokens=compared.same_tokens))}


JOBS = {"run_file": run_file, "open_run_file": open_run_file}
