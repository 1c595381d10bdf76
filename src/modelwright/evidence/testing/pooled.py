"""Outer folds: every row scored by the graph of the fold that had not seen it, put together.

The pooled rows speak of the procedure. Models of different folds share most of their training rows, so their
errors are a little alike, which intervals over rows do not know (Bates, Hastie and Tibshirani, 2021): the
finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from modelwright.core.records.data import Development
from modelwright.core.records.models import Member, Outer, Trained
from modelwright.evidence.testing.answers import Opened, Oracle, member_scored, opened
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.sections import SuccessSection

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Pooled:
    """Sealed rows of all folds, in the order of the folds, with what was said of them."""

    rows: Opened
    scored: Scored
    baselines: tuple[tuple[str, Scored], ...]
    """By family, those that every fold fitted."""


def pool(
    outer: Outer,
    success: SuccessSection,
    development: Development,
    trained: Trained,
    last: Opened,
    said: Scored,
) -> Pooled:
    """All folds together; with no outer folds, the one part as it is. ``said``: the answers to ``last``."""
    ours: list[tuple[Opened, Scored, tuple[Member, ...]]] = []
    for fold in outer.folds:
        rows = opened(fold.sealed.table.get(), fold.development, success)
        answers = Oracle(fold.compressed.graph.get()).scored(rows)
        ours.append((rows, answers, fold.trained.baselines))
    ours.append((last, said, trained.baselines))
    common = [m.family for m in trained.baselines if all(m.family in {b.family for b in o[2]} for o in ours)]
    baselines = []
    for family in common:
        parts = [member_scored(next(b for b in made if b.family == family), rows) for rows, _, made in ours]
        baselines.append((family, _together(parts)))
    if len(ours) == 1:
        return Pooled(last, said, tuple(baselines))
    import polars as pl

    frame = pl.concat([rows.frame for rows, _, _ in ours], how="vertical_relaxed")
    every = opened(frame, replace(development, time=None), success)
    answers = _together([said for _, said, _ in ours])
    if development.time is not None:
        # Each part stands in time order, but the parts of values left out in turn run beside one another.
        order = _in_time(frame[development.time])
        every = replace(every.take(order), time_order=True)
        answers = answers.take(order)
        baselines = [(family, scored.take(order)) for family, scored in baselines]
    return Pooled(every, answers, tuple(baselines))


def _in_time(when: pl.Series) -> npt.NDArray[np.int64]:
    """Positions in the order of time, ties as they stand, missing times last."""
    import polars as pl

    order = (
        pl.DataFrame({"when": when}).with_row_index("at").sort("when", maintain_order=True, nulls_last=True)
    )
    return order["at"].to_numpy().astype(np.int64)


def _together(parts: list[Scored]) -> Scored:
    """Scored rows one under the other."""
    first = parts[0]
    if len(parts) == 1:
        return first

    def column(name: str) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else np.concatenate(values)

    truth = column("truth")
    assert truth is not None
    return Scored(
        truth=truth,
        labels=column("labels"),
        probabilities=column("probabilities"),
        values=column("values"),
        weights=column("weights"),
        classes=first.classes,
        positive=first.positive,
        costs=first.costs,
    )
