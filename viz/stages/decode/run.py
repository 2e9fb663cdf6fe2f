"""The run itself: tokens, steps, times; and the whole vocabulary's logits of one step."""

from model.request.recipe import Recipe
from model.request.validate import require_integer
from viz.wire.args import so_far
from viz.wire.payload import card_payload, pack, run_payload


def run(engine, recipe: Recipe, args: dict) -> dict:
    """The run so far: tokens from `tokens_from`, then steps from `steps_from`, as many as one answer may carry."""
    tokens_from, steps_from = args.get("tokens_from", 0), args.get("steps_from", 0)
    require_integer("tokens_from", tokens_from, 0, 1_000_000, "it counts tokens of the prompt from 0")
    require_integer("steps_from", steps_from, 0, 1_000_000, "it counts generated tokens from 0")
    return run_payload(engine.snapshot(recipe, so_far(args)), tokens_from, steps_from)


def card(engine, recipe: Recipe, args: dict) -> dict:
    """What the model is, and this page's limits."""
    limits = {"max_prompt_tokens": engine.max_prompt_tokens, "max_new_tokens": engine.max_new_tokens}
    return {**card_payload(engine.card()), "limits": limits}


def logits(engine, recipe: Recipe, args: dict) -> dict:
    """The raw logits of every token of the vocabulary at one step, float32."""
    step = args.get("step", 0)
    require_integer("step", step, 0, 1_000_000, "it counts generated tokens from 0")
    return {"step": step, "logits": pack(engine.decode.logits(recipe, step))}


VIEWS = {"run": run, "card": card, "logits": logits}
