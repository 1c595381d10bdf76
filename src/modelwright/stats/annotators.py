"""Each annotator beside a truth (gold items, or a consensus): what they say where what is true."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.intervals import clopper_pearson
from modelwright.stats.ratings import Ratings

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Annotator:
    name: str
    answers: int
    judged: int
    """Answers to items whose truth is known."""
    right: int
    low: float
    high: float
    """Exact interval (Clopper & Pearson) of the share right; NaN where nothing could be judged."""
    confusion: Array
    """Answers, float64 [true class, class said]."""

    @property
    def accuracy(self) -> float:
        return self.right / self.judged if self.judged else math.nan


def confusions(ratings: Ratings, truth: Codes, level: float = 0.95) -> tuple[Annotator, ...]:
    """Each annotator's confusion matrix; ``truth`` int64 [items], negative where it is not known.

    Where the truth is a consensus, an annotator's own answers are part of it: with few annotators an item,
    everybody looks better than they are (see ``left_out_truth``).
    """
    k = len(ratings.classes)
    known = truth[ratings.item] >= 0
    found = []
    for code, name in enumerate(ratings.annotators):
        own = ratings.annotator == code
        judged = own & known
        cells = truth[ratings.item[judged]] * k + ratings.label[judged]
        table = np.bincount(cells, minlength=k * k).reshape(k, k).astype(np.float64)
        right, n = int(np.trace(table)), int(table.sum())
        low, high = clopper_pearson(right, n, level)
        found.append(Annotator(name, int(own.sum()), n, right, low, high, table))
    return tuple(found)


def left_out_truth(ratings: Ratings, annotator: int) -> Codes:
    """The majority of the others, int64 [items]; -1 where the others said nothing or are undecided."""
    others = ratings.by([a for a in range(len(ratings.annotators)) if a != annotator]).counts()
    top = others.max(axis=1, keepdims=True)
    label = np.argmax(others, axis=1).astype(np.int64)
    undecided = (np.sum(others == top, axis=1) > 1) | (top[:, 0] == 0)
    return np.asarray(np.where(undecided, -1, label), dtype=np.int64)
