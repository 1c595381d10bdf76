"""How large the test part is: what the goal says, or what can be proven with."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from modelwright.core.records.data import Labelled
from modelwright.data.split.inner import Layout
from modelwright.goal.metrics import metric
from modelwright.goal.provable import best_test_size
from modelwright.goal.sections import Criterion, SplitSection, SuccessSection

LEAST_SLICE = 0.01
"""Slices of less than a hundredth of the rows do not drive the size: no test part would settle them."""


def test_share(
    section: SplitSection, success: SuccessSection, labelled: Labelled, layout: Layout
) -> tuple[float, str]:
    """The share of the test part, and why. Where the goal leaves it open it grows until the criteria can be
    expected to be proven, up to 40% of the rows."""
    if section.test <= 0:
        return 0.0, "no test rows, as the goal says: nothing can be proven"
    if section.given:
        return section.test, f"{section.test:.0%} of the rows are kept for the test, as the goal says"
    asked = [c for c in success.criteria if metric(c.metric).needs != "resource"]
    counts = np.bincount(layout.strata, minlength=len(labelled.classes)) if labelled.classes else np.zeros(0)
    shares = tuple(float(c) / labelled.rows for c in counts)
    codes = {name: code for code, name in enumerate(labelled.classes)}
    share, why = best_test_size(
        labelled.rows,
        [(c.metric, c.op, c.threshold) for c in asked],
        shares=shares,
        positive=1 if labelled.problem == "binary" else None,
        for_classes=[codes[c.for_class] if c.for_class is not None else None for c in asked],
        averages=[c.average for c in asked],
        groups=len(np.unique(layout.units)) if layout.group is not None else None,
        slice_shares=[slice_shares(c, labelled) for c in asked],
    )
    return share, f"the test part is {why}"


def slice_shares(criterion: Criterion, labelled: Labelled, *, all_of_them: bool = False) -> tuple[float, ...]:
    """Shares of rows of the slices of ``by COLUMN``; quarters for numbers and dates. Tiny ones are left out
    unless ``all_of_them`` are asked for."""
    if criterion.by is None:
        return ()
    frame: pl.DataFrame = labelled.table.get()
    values = frame[criterion.by].drop_nulls()
    if values.dtype.is_numeric() and values.n_unique() > 4:
        return (0.25,) * 4
    counts = values.value_counts()["count"].to_list()
    shares = sorted((c / max(1, labelled.rows) for c in counts), reverse=True)
    least = 0.0 if all_of_them else LEAST_SLICE
    kept = tuple(s for s in shares if s >= least and math.isfinite(s))
    return kept or tuple(shares[:1])
