"""Rates of each group of a sensitive column, on scored rows, with intervals.

Binary problems: selection rate (predicted positive), true and false positive rate, precision. Several
classes: for each class, its selection rate and true positive rate. Numbers: mean absolute error and mean
error. For all: how far what was said is from what was seen (calibration in the large).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from modelwright.core.records.evidence import Estimate
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.losses import units_of
from modelwright.goal.metrics.scored import Scored
from modelwright.stats import proportions
from modelwright.stats.intervals import t_quantile
from modelwright.stats.units import Units, effective_count, single_rows

Floats = npt.NDArray[np.float64]
MOST_CLASSES = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """A weighted mean of ``value`` [n] over the rows that ``among`` [n] weighs.

    ``kind``: a ``share`` of rows, or a ``mean`` of numbers. ``limit``: how far groups may differ before it
    is called a gap, as a ``ratio`` of the smaller to the larger, or as a ``difference``.
    """

    name: str
    title: str
    value: Floats
    among: Floats
    kind: Literal["share", "mean"]
    compared: Literal["ratio", "difference"]
    limit: float

    def of(self, rows: Opened, inside: npt.NDArray[np.bool_], level: float) -> Estimate:
        """The measure of some rows, with its interval at ``level``; ``n`` counts those that it rests on."""
        among = self.among * inside
        total, n = float(among.sum()), int(np.count_nonzero(among))
        nothing = math.nan
        if total <= 0:
            return Estimate(nothing, nothing, nothing, 0, level, "no such row")
        value = float(self.value @ among) / total
        series = among * (self.value - value) / total
        low, high, method = value, value, ""
        for units in units_of(rows, series) or [single_rows(rows.rows)]:
            below, above, how = self._interval(among, value, series, units, level)
            if math.isnan(below) or math.isnan(above):
                return Estimate(value, nothing, nothing, n, level, f"too few independent {units.kind}s")
            low, high, method = min(low, below), max(high, above), how
        return Estimate(value, low, high, n, level, method)

    def _interval(
        self, among: Floats, value: float, series: Floats, units: Units, level: float
    ) -> tuple[float, float, str]:
        suffix = "" if units.kind == "row" else f"-{units.kind}"
        if self.kind == "share":
            low, high = proportions.interval(self.value * among, among, units, level)
            return low, high, f"exact{suffix}"
        carried = units.total(among)
        count = int(np.count_nonzero(carried))
        df = effective_count(carried) - 1.0
        if count < 2 or df <= 0:
            return math.nan, math.nan, ""
        error = math.sqrt(float(np.sum(units.total(series) ** 2)) * count / (count - 1))
        reach = t_quantile(level, df) * error
        return value - reach, value + reach, f"t{suffix}"


def measures(scored: Scored, classes: tuple[str, ...]) -> list[Measure]:
    """What is measured of each group, by the kind of problem."""
    w = scored.row_weights
    if scored.values is not None:
        away = scored.values - scored.truth
        size = float(np.std(scored.truth)) or 1.0
        return [
            Measure("mae", "mean absolute error", np.abs(away), w, "mean", "ratio", 0.8),
            # A tenth of the target's own spread: an error that a person would notice.
            Measure("mean_error", "mean error", away.astype(np.float64), w, "mean", "difference", 0.1 * size),
        ]
    assert scored.labels is not None
    assert scored.probabilities is not None
    found: list[Measure] = []
    codes = [1] if len(classes) == 2 else list(range(min(len(classes), MOST_CLASSES)))
    for code in codes:
        said = (scored.labels == code).astype(np.float64)
        true = (scored.truth == code).astype(np.float64)
        end = "" if len(classes) == 2 else f" ({classes[code]})"
        found.append(_share(f"selection rate{end}", said, w, "ratio", 0.8))
        found.append(_share(f"true positive rate{end}", said, w * true, "difference", 0.1))
        if len(classes) == 2:
            off = scored.probabilities[:, 1] - true
            found.append(_share("false positive rate", said, w * (1 - true), "difference", 0.1))
            found.append(_share("precision", true, w * said, "difference", 0.1))
            found.append(Measure("calibration_gap", "said minus seen", off, w, "mean", "difference", 0.05))
    if len(classes) != 2:
        right = (scored.labels == scored.truth).astype(np.float64)
        off = scored.probabilities.max(axis=1) - (scored.probabilities.argmax(axis=1) == scored.truth)
        found += [
            _share("accuracy", right, w, "difference", 0.1),
            Measure("calibration_gap", "said minus seen", off, w, "mean", "difference", 0.05),
        ]
    return found


def _share(
    title: str, value: Floats, among: Floats, compared: Literal["ratio", "difference"], limit: float
) -> Measure:
    name, mark, of = title.partition(" (")
    return Measure(name.replace(" ", "_") + mark + of, title, value, among, "share", compared, limit)
