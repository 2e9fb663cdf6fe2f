"""The run itself: tokens, steps, times; and the whole vocabulary's logits of one step."""

from typing import TypedDict

from model.records.run import Check, ModelCard
from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import integer, so_far
from viz.wire.engine import Engine
from viz.wire.payload import RunAnswer, run_payload
from viz.wire.plain import Packed, Plain, PlainWith, pack, plain, plain_with


class Limits(TypedDict):
    max_prompt_tokens: int
    max_new_tokens: int


class CardAnswer(TypedDict):
    limits: Limits


class StepChecksAnswer(TypedDict):
    checks: list[Plain[Check]]


class LogitsAnswer(TypedDict):
    step: int
    logits: Packed


def run(engine: Engine, recipe: Recipe, args: dict) -> RunAnswer:
    """The run so far: tokens from `tokens_from`, then steps from `steps_from`, as many as one answer may carry."""
    tokens_from, steps_from = args.get("tokens_from", 0), args.get("steps_from", 0)
    require_integer("tokens_from", tokens_from, 0, 1_000_000, "it counts tokens of the prompt from 0")
    require_integer("steps_from", steps_from, 0, 1_000_000, "it counts generated tokens from 0")
    return run_payload(engine.snapshot(recipe, so_far(args)), tokens_from, steps_from)


def card(engine: Engine, recipe: Recipe, args: dict) -> PlainWith[ModelCard, CardAnswer]:
    """What the model is, and this page's limits."""
    limits = Limits(max_prompt_tokens=engine.max_prompt_tokens, max_new_tokens=engine.max_new_tokens)
    return plain_with(engine.card(), CardAnswer(limits=limits))


def step_checks(engine: Engine, recipe: Recipe, args: dict) -> StepChecksAnswer:
    """One step's numbers, from softmax to draw, against a second route from its logits."""
    return {"checks": [plain(check) for check in engine.decode.check_step(recipe, integer(args, "step", 0))]}


def logits(engine: Engine, recipe: Recipe, args: dict) -> LogitsAnswer:
    """The raw logits of every token of the vocabulary at one step, float32."""
    step = args.get("step", 0)
    require_integer("step", step, 0, 1_000_000, "it counts generated tokens from 0")
    return {"step": step, "logits": pack(engine.decode.logits(recipe, step))}


VIEWS = {"run": run, "card": card, "logits": logits, "step_checks": step_checks}
