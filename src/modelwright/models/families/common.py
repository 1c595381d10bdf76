"""What families share: looking at rows before learning from them, and the scale of a numeric target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadData
from modelwright.models.family import DataFacts, Declines, Rows, Task

Matrix = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Curve = tuple[tuple[int, float, float], ...]


def check(task: Task, rows: Rows, *, dense: bool) -> None:
    """Refuse rows that nothing can be learned from, with :class:`BadData`.

    ``dense`` families also refuse NaN in ``x``: their recipe has filled it.
    """
    x, y, weights = rows.x, rows.y, rows.weights
    if x.ndim != 2 or len(x) == 0 or x.shape[1] == 0:
        raise BadData(
            f"there is nothing to learn from: {len(x)} rows of {x.shape[1] if x.ndim == 2 else 0} features",
            code="rows.empty",
            hint="keep at least one input column and some training rows",
        )
    if y.shape != (len(x),) or (weights is not None and weights.shape != (len(x),)):
        raise BadData(
            f"{len(x)} rows of features, {y.shape} targets and "
            f"{None if weights is None else weights.shape} weights do not fit together",
            code="rows.lengths",
        )
    bad = np.isinf(x).any(axis=0) if not dense else ~np.isfinite(x).all(axis=0)
    if bad.any():
        column = int(np.argmax(bad))
        name = rows.names[column] if column < len(rows.names) else f"number {column}"
        raise BadData(
            f"the training feature {name!r} holds {'an infinity' if not dense else 'NaN or an infinity'}",
            code="rows.not-finite",
            hint="the recipe must bound infinities" + (" and fill what is missing" if dense else ""),
        )
    if weights is not None and not (np.isfinite(weights).all() and weights.min() >= 0 and weights.sum() > 0):
        raise BadData(
            "sample weights must be finite, not negative, and not all zero",
            code="rows.weights",
            hint="mend the weight column, or drop it from the goal",
        )
    if task.problem == "regression":
        if not np.isfinite(y.astype(np.float64)).all():
            raise BadData(
                "the target holds values that are missing or infinite",
                code="rows.target-not-finite",
                hint="drop the rows without a target before training",
            )
        return
    if y.dtype.kind not in "iu":
        raise BadData(
            f"class codes must be whole numbers; received {y.dtype}",
            code="rows.target-not-codes",
            hint="drop the rows without a class before training",
        )
    seen = np.unique(y if weights is None else y[weights > 0])
    if len(seen) < 2:
        raise BadData(
            "all training rows are of one class, so there is nothing to tell apart",
            code="rows.one-class",
            hint="give rows of at least two classes, or look at how the rows were split",
        )
    if seen[0] < 0 or seen[-1] >= task.classes:
        raise BadData(
            f"class codes run from {seen[0]} to {seen[-1]} where 0 to {task.classes - 1} are known",
            code="rows.unknown-class",
        )


def unit_weights(rows: Rows) -> Values:
    """Weights float64 [n] with mean 1 (ones where there are none)."""
    if rows.weights is None:
        return np.ones(len(rows.x))
    return np.asarray(rows.weights / rows.weights.mean(), dtype=np.float64)


def one_hot(y: npt.NDArray[Any], classes: int) -> Values:
    out = np.zeros((len(y), classes))
    out[np.arange(len(y)), y] = 1.0
    return out


@dataclass(frozen=True, slots=True)
class Scale:
    """A numeric target brought to mean 0 and deviation 1, so that sums stay precise in float32 and
    regularisation means the same whatever the unit."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, y: npt.NDArray[Any], weights: Values) -> Scale:
        values = y.astype(np.float64)
        mean = float(np.average(values, weights=weights))
        deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
        return cls(mean, deviation if deviation > 0 else 1.0)

    def apply(self, y: npt.NDArray[Any]) -> Values:
        return np.asarray((y.astype(np.float64) - self.mean) / self.deviation)

    def back(self, values: Values) -> Values:
        return values * self.deviation + self.mean


def loss(task: Task, y: npt.NDArray[Any], predicted: Values, weights: Values | None) -> float:
    """What fits are stopped by: mean log loss, or mean squared error, of predictions [n, k]."""
    if task.problem == "regression":
        each = (y.astype(np.float64) - predicted[:, 0]) ** 2
    else:
        each = -np.log(np.clip(predicted[np.arange(len(y)), y], 1e-15, None))
    return float(np.average(each, weights=weights))


def thinned(curve: list[tuple[int, float, float]], most: int = 200) -> Curve:
    """At most ``most`` points of a curve, evenly, with its last."""
    if len(curve) <= most:
        return tuple(curve)
    step = -(-len(curve) // most)
    kept = curve[::step]
    return tuple(kept if kept[-1] == curve[-1] else [*kept, curve[-1]])


def problem_line(task: Task, facts: DataFacts) -> str:
    """The size of the job in words, for reasons."""
    return f"{facts.rows:,} rows of {facts.columns} columns"


def facts_of(rows: Rows) -> DataFacts:
    """What the defaults of a configuration need, read from the rows themselves."""
    columns = None if rows.typed is None else rows.typed.signature
    kinds = [] if columns is None else [tensor.kind for tensor in columns.tensors]
    return DataFacts(
        rows=len(rows.x),
        numbers=rows.x.shape[1] - len(rows.categorical),
        categories=len(rows.categorical),
        dates=0,
        texts=0 if columns is None else len(columns.texts),
        missing=0.0,
        images=kinds.count("image"),
        audios=kinds.count("audio"),
        series=kinds.count("series"),
    )


OPAQUE = Declines(
    "its predictions cannot be read off by a person, and the goal demands a model that can be interpreted",
    "leave `search.interpretable` out of the goal",
)


@contextmanager
def blas_threads(threads: int) -> Iterator[None]:
    """Hold the linear algebra underneath numpy to ``threads`` threads.

    Linear families and the net ask for one, whatever they are given: a matrix times a vector waits for
    memory, the products of a small batch are over before a second thread is awake, and on a busy machine
    threads that wait for one another lose a factor of ten.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads):
        yield
