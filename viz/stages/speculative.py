"""Speculative decoding, live: all rounds so far, after each."""

from typing import TypedDict

from model.records.run import Token
from model.records.speculative import DraftChoice, ExtraCandidate, JudgedProposal, Round, Speculation
from model.request.recipe import Recipe, require_text
from model.request.validate import require_field
from viz.wire.engine import Engine, Job
from viz.wire.plain import Plain, PlainWith, plain, plain_with

MOST_TOKENS, MOST_DRAFTED = 128, 16


class DraftsAnswer(TypedDict):
    drafts: list[Plain[DraftChoice]]
    n_layers: int


class RoundAnswer(TypedDict):
    proposed: list[Plain[JudgedProposal]]
    n_accepted: int
    extra: Plain[Token] | None
    extra_kind: str
    extra_draw: float | None
    added_from: list[Plain[ExtraCandidate]]
    draft_ms: float
    verify_ms: float
    plain_ms: float


class SpeculateAnswer(TypedDict):
    rounds: list[RoundAnswer]


def drafts(engine: Engine, recipe: Recipe, args: dict) -> DraftsAnswer:
    """The ways to draft; `reason` says why one is off."""
    return {"drafts": [plain(choice) for choice in engine.speculative.drafts()], "n_layers": engine.card().n_layers}


def speculate(engine: Engine, recipe: Recipe, args: dict) -> Job[PlainWith[Speculation, SpeculateAnswer]]:
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
        if isinstance(item, Speculation):
            yield plain_with(item, SpeculateAnswer(rounds=[_round(one) for one in item.rounds]))
        else:
            yield item


def _round(item: Round) -> RoundAnswer:
    return {
        "proposed": [plain(proposed) for proposed in item.proposed],
        "n_accepted": item.n_accepted,
        "extra": item.extra and plain(item.extra),
        "extra_kind": item.extra_kind,
        "extra_draw": item.extra_draw,
        "added_from": [plain(left) for left in item.added_from],
        "draft_ms": item.draft_seconds * 1000,
        "verify_ms": item.verify_seconds * 1000,
        "plain_ms": item.plain_seconds * 1000,
    }


VIEWS = {"drafts": drafts}
JOBS = {"speculate": speculate}
