"""The scored rows: what is true, what the model said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A batch of rows with the truth and the model's answers.

    ``truth``: int64 class codes [n] into ``classes`` (classification) or float64 [n] (regression).
    ``labels``: int64 [n], predicted classes. ``probabilities``: float64 [n, k]. ``values``: float64 [n],
    predicted numbers. ``weights``: float64 [n] sample weights, or None for even ones. ``positive``: code of
    the positive class of a binary problem. ``costs``: float64 [k, k], cost of actual (row) seen as predicted
    (column).
    """

    truth: Codes | Floats
    labels: Codes | None = None
    probabilities: Floats | None = None
    values: Floats | None = None
    weights: Floats | None = None
    classes: tuple[str, ...] = ()
    positive: int | None = None
    costs: Floats | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def row_weights(self) -> Floats:
        """Weights [n], ones where none were given."""
        return np.ones(len(self.truth)) if self.weights is None else self.weights

    @property
    def class_count(self) -> int:
        if self.classes:
            return len(self.classes)
        if self.probabilities is not None:
            return int(self.probabilities.shape[1])
        top = max([-1, *(int(a.max()) for a in (self.truth, self.labels) if a is not None and len(a))])
        return top + 1

    def class_name(self, code: int) -> str:
        return self.classes[code] if code < len(self.classes) else str(code)

    def take(self, rows: NDArray[np.bool_] | Codes) -> Scored:
        """Some of the rows, by mask [n] or by positions."""

        def pick(a: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
            return None if a is None else a[rows]

        return Scored(
            self.truth[rows],
            None if self.labels is None else self.labels[rows],
            pick(self.probabilities),
            pick(self.values),
            pick(self.weights),
            self.classes,
            self.positive,
            self.costs,
        )


def cost_matrix(
    costs: tuple[tuple[str, tuple[tuple[str, float], ...]], ...], classes: tuple[str, ...]
) -> Floats:
    """The goal's ``costs`` as float64 [k, k]: actual class by row, predicted by column; unnamed pairs cost 0.

    Raises ``KeyError`` for a class that is not among ``classes``.
    """
    at = {name: code for code, name in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)))
    for actual, row in costs:
        for predicted, cost in row:
            matrix[at[actual], at[predicted]] = cost
    return matrix
