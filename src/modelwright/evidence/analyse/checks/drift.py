"""``analyse.drift``: the last rows in time look unlike the first, so the next will look unlike these."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.data.label import TARGET
from modelwright.evidence.analyse.bins import bins_of
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

LEAST = 200
PSI = 0.25
"""Population stability index from which a shift counts as large (Siddiqi 2006, Credit Risk Scorecards)."""


class Drift:
    code = "analyse.drift"
    title = "change over time"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        time = facts.development.time
        if time is None:
            return DoesNotApply("the goal names no data.time")
        frame = facts.sample.filter(pl.col(time).is_not_null()).sort(time, maintain_order=True)
        if frame.height < LEAST:
            return DoesNotApply(f"there are fewer than {LEAST} rows with a time")
        third = frame.height // 3
        found = []
        kind = "number" if facts.regression else "category"
        plain = [c for c in facts.plain if c.name != time and c.kind not in ("text", "date")]
        looked = [(c.name, c.name, str(c.kind)) for c in plain]
        for name, place, each in [*looked, (facts.development.target, TARGET, kind)]:
            bins = bins_of(frame[place], each, most=10 if each == "number" else 50)
            shift = psi(bins.codes[:third], bins.codes[-third:], bins.count)
            if shift >= PSI:
                found.append(
                    Found(
                        "warning",
                        f"{name!r} changes over time: its last third is unlike its first "
                        f"(population stability index {shift:.2f})",
                        "learn from recent rows, retrain often, and watch it when the model is live",
                        column=name,
                        numbers={"psi": shift},
                    )
                )
        return tuple(found)


def psi(before: np.ndarray, after: np.ndarray, bins: int) -> float:
    """Population stability index of two samples of bin codes, half a row added to each bin."""
    p = np.bincount(before, minlength=bins) + 0.5
    q = np.bincount(after, minlength=bins) + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


CHECK = Drift()
