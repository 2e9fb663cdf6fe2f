"""Speculative decoding, live: all rounds so far, after each."""

from collections.abc import Iterator
from dataclasses import asdict

from model.records.speculative import JudgedProposal, Round, Speculation
from model.request.recipe import Recipe, require_text
from model.request.validate import require_field
from viz.wire.payload import token_payload

MOST_TOKENS, MOST_DRAFTED = 128, 16


def drafts(engine, recipe: Recipe, args: dict) -> dict:
    """[{kind, reason}]: `reason` says why a draft is off."""
    return {"drafts": [asdict(choice) for choice in engine.speculative.drafts()], "n_layers": engine.card().n_layers}


def speculate(engine, recipe: Recipe, args: dict) -> Iterator:
    """Decodes `n_tokens` with `n_draft` proposals a round by the draft `kind`. Times in milliseconds."""
    kind, n_draft, n_tokens = args.get("kind"), args.get("n_draft", 6), args.get("n_tokens", 48)
    # The field is there for this draft alone.
    n_layers = args.get("n_layers", 1) if kind == "exit" else 1
    require_field("Proposals a round", n_draft, 1, MOST_DRAFTED, "that many the draft guesses ahead")
    require_field("Tokens", n_tokens, 2, MOST_TOKENS, "each is decoded twice here")
    if kind == "exit":
        require_field("After layer", n_layers, 1, engine.card().n_layers - 1, "leave before the last layer")
    source = args.get("draft_model", "")
    require_text("draft_model", source)
    for item in engine.speculative.speculate(recipe, str(kind), n_draft, n_tokens, n_layers, source):
        yield _payload(item) if isinstance(item, Speculation) else item


def _payload(found: Speculation) -> dict:
    return {
        **asdict(found),
        "tokens": [token_payload(token) for token in found.tokens],
        "rounds": [_round(item) for item in found.rounds],
    }


def _round(item: Round) -> dict:
    return {
        "proposed": [_proposed(proposed) for proposed in item.proposed],
        "n_accepted": item.n_accepted,
        "extra": item.extra and token_payload(item.extra),
        "extra_kind": item.extra_kind,
        "extra_draw": item.extra_draw,
        "added_from": [{**asdict(left), "token": token_payload(left.token)} for left in item.added_from],
        "draft_ms": item.draft_seconds * 1000,
        "verify_ms": item.verify_seconds * 1000,
        "plain_ms": item.plain_seconds * 1000,
    }


def _proposed(proposed: JudgedProposal) -> dict:
    return {**asdict(proposed), "token": token_payload(proposed.token)}


VIEWS = {"drafts": drafts}
JOBS = {"speculate": speculate}
