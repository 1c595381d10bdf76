"""Each criterion of the goal, estimated on the sealed rows and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from modelwright.core.records.evidence import Estimate
from modelwright.core.records.verdict import CriterionResult
from modelwright.evidence import judge as judging
from modelwright.evidence.estimate import estimate, estimate_calls, estimate_exact
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.slices import slices_of
from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.sections import Criterion

if TYPE_CHECKING:
    import polars as pl

MOST_JUDGED = 500
"""Values of ``by COLUMN`` that are judged one by one. A criterion by more of them stays unproven: what is
lumped together could hide a slice that fails."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What was measured of the model's cost."""

    calls: Callable[[], npt.NDArray[np.float64]]
    """Times single-row calls, when a criterion asks; seconds [n]."""
    size: int
    fit_seconds: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion's verdict, with the estimates that it rests on."""

    result: CriterionResult
    estimate: Estimate | None = None
    """The one number behind it, where there is one."""
    slices: tuple[tuple[str, Estimate], ...] = ()
    """With ``by``: that of each slice."""


def recorded(judged: judging.CriterionResult) -> CriterionResult:
    """What the judge said, as the record that is kept (slices are kept in the book)."""
    return CriterionResult(
        judged.criterion,
        judged.value,
        judged.low,
        judged.high,
        judged.n,
        judged.verdict,
        judged.why,
        judged.more_rows,
        judged.point_met,
    )


def judge_one(
    criterion: Criterion,
    rows: Opened,
    scored: Scored,
    resources: Resources,
    level: float,
    seed: int,
    learned: pl.DataFrame | None = None,
) -> Judged:
    """The verdict on one criterion, with the estimates behind it. ``learned``: the development rows, whose
    values of ``by COLUMN`` are slices too, whether or not a test row has them."""
    spec = spec_of(criterion.metric)
    if spec.needs == "resource":
        found = _resource(criterion.metric, resources, level)
        judged = judging.judge(criterion.text, criterion.op, criterion.threshold, found, by_rows=False)
        return Judged(recorded(judged), found)
    if rows.rows == 0:
        return Judged(recorded(judging.unproven(criterion.text, "there are no test rows (split.test is 0)")))
    code = None if criterion.for_class is None else rows.classes.index(criterion.for_class)

    def measured(part: npt.NDArray[np.int64] | None, at: float) -> Estimate:
        some = rows if part is None else rows.take(part)
        return estimate(
            spec,
            scored if part is None else scored.take(part),
            for_class=code,
            average=criterion.average,
            groups=some.groups,
            time_order=some.time_order,
            level=at,
            seed=seed,
        )

    if criterion.by is None:
        found = measured(None, level)
        result = judging.judge(criterion.text, criterion.op, criterion.threshold, found, rows=rows.rows)
        return Judged(recorded(result), found)
    parts = dict(slices_of(rows.frame, criterion.by, MOST_JUDGED + 1))
    if len(parts) > MOST_JUDGED:
        why = f"{criterion.by} has more than the {MOST_JUDGED} values that are judged one by one"
        return Judged(recorded(judging.unproven(criterion.text, why)))
    estimates = [(name, measured(part, level)) for name, part in parts.items()]
    unseen = Estimate(nan, nan, nan, 0, level, "no test row has this value")
    estimates += [(name, unseen) for name in _untested(rows.frame, learned, criterion.by)]
    result = judging.judge_slices(
        criterion.text,
        criterion.op,
        criterion.threshold,
        estimates,
        rows=rows.rows,
        at_level=lambda name, at: measured(parts[name], at),
    )
    return Judged(recorded(result), None, tuple(estimates))


def _resource(name: str, resources: Resources, level: float) -> Estimate:
    if name == "size":
        return estimate_exact(float(resources.size), level=level)
    if name == "fit_time":
        return estimate_exact(resources.fit_seconds, level=level)
    return estimate_calls(spec_of(name), resources.calls(), level=level)


def _untested(tested: pl.DataFrame, learned: pl.DataFrame | None, column: str) -> list[str]:
    """Values of a category that development rows have and no test row has, sorted."""
    import polars as pl

    if learned is None or learned[column].dtype != pl.String:
        return []
    values = learned[column].drop_nulls().unique()
    return sorted(values.filter(~values.is_in(tested[column].drop_nulls().unique().to_list())).to_list())
