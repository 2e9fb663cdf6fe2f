"""A learned table of positions (GPT-2, OPT): found by its size, verified by the input of block 0."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.embed.embeddings import unit_length
from model.embed.probe import probe, tolerance
from model.network.language_model import LanguageModel
from model.records.embed import LearnedPositions
from model.records.run import Check
from model.runtime.to_numpy import to_numpy

MAX_SHOWN = 96
HOW = (
    "One token repeated at {n} positions: what block 0 receives at p, less what it receives at 0, "
    "against row p less row 0 of the table. Largest difference as a share of the largest entry."
)


@dataclass(frozen=True, eq=False)
class PositionTable:
    """A table whose row p + offset is added at position p, and the check that verifies it."""

    table: Tensor
    offset: int
    check: Check


@torch.inference_mode()
def find_table(lm: LanguageModel, received: Tensor | None = None) -> PositionTable | None:
    """The table that best explains how block 0's input changes with position; None if there is no candidate.

    `received` (position, d_model) replaces that input if a norm stands before block 0.
    """
    inputs = probe(lm).block_input if received is None else received
    n = len(inputs)
    how = HOW.format(n=n)
    tables = []
    for table in _candidates(lm):
        spare = table.shape[0] - (lm.card.context or table.shape[0])
        for offset in range(spare + 1):
            rows = table[offset : offset + n].float().to(inputs.device)
            change = (inputs - inputs[0]) - (rows - rows[0])
            error = float(change.abs().max() / inputs.abs().max().clamp_min(1e-12))
            tables.append(PositionTable(table, offset, Check("the table is added", error, tolerance(lm), how)))
    return min(tables, key=lambda table: table.check.error, default=None)


@torch.inference_mode()
def learned_positions(table: PositionTable, selected: int) -> LearnedPositions:
    """Norms and cosine similarities of the table's rows: every `step`-th one from 0, at most MAX_SHOWN of them."""
    rows = table.table[table.offset :].float()
    step = -(-len(rows) // MAX_SHOWN)
    sample = rows[::step]
    unit = unit_length(sample)
    return LearnedPositions(
        positions=torch.arange(0, len(rows), step).numpy(),
        step=step,
        n_rows=len(rows),
        offset=table.offset,
        norms=to_numpy(sample.norm(dim=-1)),
        cosine=to_numpy(unit @ unit.T),
        selected=selected,
        selected_row=to_numpy(rows[selected]),
        check=table.check,
    )


def _candidates(lm: LanguageModel) -> list[Tensor]:
    """Tables with one row per position of the context, and up to two spare ones (OPT has two)."""
    tables = [m for m in lm.model.modules() if isinstance(m, nn.Embedding) and m is not lm.anatomy.embed]
    d_model = lm.card.d_model
    return [t.weight for t in tables if t.weight.shape[1] == d_model and 0 <= t.num_embeddings - lm.card.context <= 2]
