"""Writes the results of the sweep as the page docs/families.md."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from tests.sweep_family import ON, STAGES, WRONG, Family

PAGE = Path(__file__).parent.parent / "docs" / "families.md"
HEADS = {
    "load": "runs",
    "maps": "attention maps",
    "head": "one head",
    "lens": "logit lens",
    "residual": "residual stream",
    "decode": "decode",
    "static": "static batch",
    "continuous": "continuous batch",
}
MARKS = {ON: "✓", "off": "–", WRONG: "✗"}


def table(found: Sequence[Family]) -> str:
    """The whole page."""
    built = [family for family in found if not family.built]
    rows = "\n".join(_row(family) for family in built)
    unbuilt = "\n".join(f"- `{family.name}`: {_plain(family.built)}" for family in found if family.built)
    return f"""# Families

Written by `make sweep` with transformers {transformers.__version__} and torch {torch.__version__.split("+")[0]}: \
every model family that `AutoModelForCausalLM` knows, built tiny with random weights (float32, CPU), and taken through \
the page's own calls. Random weights show whether the numbers are the model's, not whether its text is good.

**{len(built)} of {len(found)} families could be built.** Of these:

{_summary(built)}

How a number is checked: a second instance with the same weights and transformers' own eager attention makes one pass \
over the whole run without a cache. Maps are compared with its `output_attentions`, one head's steps with what enters \
and leaves its W_O, the lens's last layer with the softmax of its logits, every decoding step with its logits; each \
request of a batch must get the tokens it gets alone. The residual stream is on where the page's own sums hold, within \
16 roundings.

✓ on and right; – off, with the reason; ✗ wrong. *captured*: maps are computed from the queries and keys of the run, \
by SDPA or by the family's own eager attention; *layer by layer*: the family gives whole maps only, one layer a pass.

## Every family

| family | maps by | {" | ".join(HEADS.values())} | worst error | what is off, and why |
|---|---|{"---|" * (len(HEADS) + 2)}
{rows}

## Not built

{unbuilt or "None."}
"""


def _summary(built: Sequence[Family]) -> str:
    lines = []
    for name in STAGES:
        on = [family.stages[name] for family in built if name in family.stages and family.stages[name].state == ON]
        wrong = sum(family.stages[name].state == WRONG for family in built if name in family.stages)
        errors = [stage.error for stage in on if not math.isnan(stage.error)]
        worst = f"; worst error {max(errors):.0e}" if errors else ""
        lines.append(f"- {HEADS[name]}: right in **{len(on)}**, wrong in {wrong}{worst}")
    faults = sum(bool(family.faults) for family in built)
    lines.append(f"- views that fail without a reason: in {faults} families")
    return "\n".join(lines)


def _row(family: Family) -> str:
    stages = [family.stages.get(name) for name in STAGES]
    marks = [MARKS[stage.state] if stage else " " for stage in stages]
    errors = [stage.error for stage in stages if stage and stage.state == ON and not math.isnan(stage.error)]
    worst = f"{max(errors):.0e}" if errors else ""
    why = [f"{HEADS[name]}: {_plain(stage.why)}" for name, stage in family.stages.items() if stage.why]
    how = {"captured": "captured", "captured_eager": "captured (eager)"}.get(family.how, family.how)
    on = family.stages["maps"].state == ON if "maps" in family.stages else False
    notes = "; ".join([*why, *(f"fault in {_plain(fault)}" for fault in family.faults)])
    return f"| {family.name} | {how if on else ''} | {' | '.join(marks)} | {worst} | {notes} |"


def _plain(text: str) -> str:
    """Text that does not break a table."""
    return " ".join(re.sub(r"[^.]*on this page works\.", "", text).split()).replace("|", "\\|")
