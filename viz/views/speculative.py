"""Speculative decoding: the drafts that can be chosen here."""

from dataclasses import asdict

from model.recipe import Recipe


def drafts(engine, recipe: Recipe, args: dict) -> dict:
    """[{kind, reason}]: `reason` says why a draft is off."""
    return {"drafts": [asdict(choice) for choice in engine.drafts()], "n_layers": engine.card().n_layers}


VIEWS = {"drafts": drafts}
