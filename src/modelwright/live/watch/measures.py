"""What of a model's accuracy is followed: the goal's criteria, and what every model is measured by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.codec import decode
from modelwright.core.errors import ModelwrightError
from modelwright.core.records.evidence import Estimate
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.metrics import METRICS, MetricSpec
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.sections import Criterion
from modelwright.runtime.model import Model
from modelwright.stats.intervals import clopper_pearson, normal_quantile

Floats = npt.NDArray[np.float64]
Goods = Callable[[Scored], Floats]
"""How good each row is, 0 to 1, NaN for rows that do not count: the mean of it is the metric (or 1 minus its
share of the most it can be)."""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One metric that is followed. ``text`` is the criterion's, or the metric's name."""

    text: str
    spec: MetricSpec
    for_class: int | None = None
    average: str | None = None
    criterion: Criterion | None = None
    tested: Estimate | None = None
    """Of the test rows, where the bundle tells it."""
    goods: Goods | None = None
    """None for a metric that is no mean of bounded rows."""
    most: float = 1.0
    """The greatest loss, where the metric is a mean loss."""

    def good(self, value: float) -> float:
        """A value of the metric on the scale of ``goods``."""
        return value if self.spec.higher_is_better else 1.0 - value / self.most

    def value(self, good: float) -> float:
        """The other way."""
        return good if self.spec.higher_is_better else (1.0 - good) * self.most


def measures(model: Model) -> tuple[tuple[Measure, ...], dict[str, str]]:
    """What is followed of this model, and which criteria are not, with the reason."""
    test: dict[str, Any] = model.metadata.get("test", {})
    said = {m["name"]: decode(Estimate, m["estimate"]) for m in test.get("metrics", ())}
    found: dict[str, Measure] = {}
    absent: dict[str, str] = {}
    for result in test.get("criteria", ()):
        text = str(result.get("criterion", ""))
        try:
            criterion = parse_criterion(text)
        except ModelwrightError:
            continue  # such as "better than the best baseline", which is no demand on a number
        spec = METRICS[criterion.metric]
        if spec.needs == "resource":
            continue
        if spec.name == "cost":
            absent[text] = "the bundle does not hold the goal's costs"
            continue
        if criterion.for_class is not None and criterion.for_class not in model.classes:
            absent[text] = f"the model has no class {criterion.for_class!r}"
            continue
        code = None if criterion.for_class is None else model.classes.index(criterion.for_class)
        if criterion.by is not None:
            absent[text] = f"followed over all rows, not by {criterion.by}"
        tested = None
        if criterion.by is None and result.get("value") is not None:
            level = float(test.get("level", 0.95))
            ends = [float("nan") if result.get(k) is None else float(result[k]) for k in ("low", "high")]
            tested = Estimate(float(result["value"]), ends[0], ends[1], int(result.get("n", 0)), level)
        elif criterion.by is not None and code is None and criterion.average is None:
            # The criterion's own value is that of the worst group: what is followed has its own in the test.
            tested = said.get(spec.name)
        found[text] = _measure(text, spec, code, criterion.average, criterion, tested, model)
    followed = {m.spec.name for m in found.values() if m.average is None and m.for_class is None}
    for name in ("accuracy",) if model.classes else ("mae", "rmse"):
        if name not in followed:
            found[name] = _measure(name, METRICS[name], None, None, None, said.get(name), model)
    return tuple(found.values()), absent


def worst_at(tested: Estimate, spec: MetricSpec, chance: float) -> float:
    """What the metric is no worse than, but with this chance, by the test: its own interval made wider by the
    normal distribution and, for a share of rows, at least the exact one.

    NaN where the test tells no interval.
    """
    if not all(math.isfinite(v) for v in (tested.value, tested.low, tested.high)):
        return math.nan
    near, far = normal_quantile(tested.level), normal_quantile(1.0 - 2.0 * chance)
    if not spec.higher_is_better:
        return tested.value + (tested.high - tested.value) * far / near
    bound = tested.value - (tested.value - tested.low) * far / near
    if spec.name in ("accuracy", "recall", "precision", "specificity"):
        bound = min(bound, clopper_pearson(tested.value * tested.n, tested.n, 1.0 - 2.0 * chance)[0])
    return bound


def _measure(
    text: str,
    spec: MetricSpec,
    code: int | None,
    average: str | None,
    criterion: Criterion | None,
    tested: Estimate | None,
    model: Model,
) -> Measure:
    positive = model.metadata.get("positive")
    if code is None and average is None and positive in model.classes and spec.takes_class:
        code = model.classes.index(positive)
    most = 1.0
    goods: Goods | None = None
    if spec.name == "accuracy" or average == "micro" or (spec.name == "recall" and average == "weighted"):
        goods = _right
    elif spec.name in ("recall", "precision", "specificity") and code is not None and average is None:
        goods = _share(spec.name, code)
    elif spec.name == "brier":
        most = 1.0 if code is not None else 2.0
        goods = _brier(code, most)
    return Measure(text, spec, code, average, criterion, tested, goods, most)


def _right(scored: Scored) -> Floats:
    assert scored.labels is not None
    return np.asarray(scored.labels == scored.truth, dtype=np.float64)


def _share(name: str, code: int) -> Goods:
    def of(scored: Scored) -> Floats:
        assert scored.labels is not None
        true, said = scored.truth == code, scored.labels == code
        counted, good = {
            "recall": (true, said),
            "precision": (said, true),
            "specificity": (~true, ~said),
        }[name]
        return np.where(counted, good.astype(np.float64), np.nan)

    return of


def _brier(code: int | None, most: float) -> Goods:
    def of(scored: Scored) -> Floats:
        assert scored.probabilities is not None
        if code is not None:
            loss = np.square(scored.probabilities[:, code] - (scored.truth == code))
        else:
            hot = np.zeros_like(scored.probabilities)
            hot[np.arange(len(scored)), scored.truth.astype(np.int64)] = 1.0
            loss = np.square(scored.probabilities - hot).sum(axis=1)
        return np.asarray(np.clip(1.0 - loss / most, 0.0, 1.0), dtype=np.float64)

    return of
