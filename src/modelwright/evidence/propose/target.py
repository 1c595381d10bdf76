"""Which column is to be predicted, when nobody said."""

from __future__ import annotations

import polars as pl

from modelwright.core.records.data import Cleaned, Column
from modelwright.data.clean.identify import identifier, names_identifier
from modelwright.evidence.propose.names import target_rank
from modelwright.goal.propose import Guess

PRESENT = 0.5


def guess_target(cleaned: Cleaned) -> list[Guess[str]]:
    """Columns that could be the target, likeliest first: the surest names, then from the last column back."""
    frame: pl.DataFrame = cleaned.table.get()
    fit = [c.name for c in cleaned.columns if _could_be(c, frame)]
    names = [c.name for c in cleaned.columns]
    ranked = sorted((rank, -names.index(n), n) for n in fit if (rank := target_rank(n, names)) is not None)
    named = [Guess(n, f"{n!r} is a usual name of what is to be predicted.") for *_, n in ranked]
    rest = [n for n in reversed(fit) if n not in {g.value for g in named}]
    why = "is the last column that could be a target; correct this if it is not."
    return [*named, *(Guess(n, f"{n!r} {why}") for n in rest)]


def _could_be(column: Column, frame: pl.DataFrame) -> bool:
    values = frame[column.name]
    present = values.drop_nulls()
    if column.kind in ("date", "text") or present.len() < PRESENT * values.len() or present.n_unique() < 2:
        return False
    return not names_identifier(column.name) and identifier(values, column.kind) is None
