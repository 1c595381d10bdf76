"""What mending labels has given: one configuration, learned from the labels as they are and as they were.

Both fits are judged on the same held-out rows by the labels as they are now, so the difference is paired. A
row's own label says nothing to the fits that are judged on it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Development
from modelwright.core.records.evidence import Estimate
from modelwright.core.records.models import Trained
from modelwright.evidence.estimate import compare
from modelwright.goal.metrics import metric as spec_of
from modelwright.models.rows import group_codes
from modelwright.models.score import scored

CODE = "label.mended-gain"


def tell(development: Development, trained: Trained, book: Book) -> Estimate | None:
    """Say by how much the search's metric is better for the labels that people changed; None where nothing
    was fitted on the labels as they were."""
    if trained.mended is None:
        return None
    held = trained.mended.predictions.get()
    frame: pl.DataFrame = development.table.get()[held["at"]]
    truth = frame["__target__"].to_numpy()
    weights = frame["__weight__"].to_numpy() if development.weighted else None
    spec = spec_of(trained.metric)
    now, before = (scored(development.problem, truth, held[k], weights) for k in ("now", "before"))
    groups = None if development.group is None else group_codes(frame, development.group)
    gap, _ = compare(spec, now, before, groups=groups, time_order=development.time is not None)
    if not np.isfinite([gap.value, gap.low, gap.high]).all():
        return None
    better = gap.low > 0 if spec.higher_is_better else gap.high < 0
    worse = gap.high < 0 if spec.higher_is_better else gap.low > 0
    shown = "better" if better else "worse" if worse else "neither better nor worse for certain"
    remedy = "mend the next labels of doubt/label_errors.csv where it pays"
    if worse:
        remedy = "look at the mended labels again, and at the guidelines that they follow"
    changed = trained.mended.changed
    book.finding(
        CODE,
        "note",
        f"{changed} labels were mended. Learned from them, {trained.mended.name} has {spec.title} of "
        f"{spec.compute(now):.4g} on {len(truth):,} held-out rows, and from the labels as they were "
        f"{spec.compute(before):.4g}. The difference is {gap.value:+.4g} ({gap.low:+.4g} to {gap.high:+.4g}"
        f"): {shown}",
        remedy,
        column=development.target,
        numbers={"changed": float(changed), "gain": gap.value, "low": gap.low, "high": gap.high},
    )
    return gap
