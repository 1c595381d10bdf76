"""Categories as what the target was like among training rows with the same value (target statistics).

The mean of the target per value, drawn towards the overall mean where the value is rare (Micci-Barreca,
2001, "A preprocessing scheme for high-cardinality categorical attributes"). A row's own label must not
reach its own features: the training rows are cut into folds (groups kept together), and each fold gets the
statistics of the others. All folds are drawn towards the same overall mean, so that a value that occurs
once is the same number in every fold and tells nothing of its label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from modelwright.features.categories import look_up, tables_to_graph
from modelwright.features.numbers import count
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import UNSEEN, Codes, Vocabulary
from modelwright.graph.builder import GraphBuilder


def inner_folds(rows: int, groups: npt.NDArray[np.int64] | None, folds: int, seed: int) -> Codes:
    """int64 [n]: the fold of each row; random, equal in size (in groups where there are groups)."""
    random = np.random.default_rng(seed)
    if groups is None:
        return random.permutation(rows) % folds
    _, member = np.unique(groups, return_inverse=True)
    result: Codes = (random.permutation(int(member.max()) + 1) % folds)[member]
    return result


@dataclass(frozen=True, slots=True)
class Statistics:
    """How means of the target are made. ``smoothing`` is how many rows the overall mean counts for; of
    several classes the ``most`` most common have one each."""

    smoothing: float = 10.0
    folds: int = 5
    most: int = 10

    def classes(self, target: Target) -> Codes:
        """int64: the columns of the target that get a mean, ascending."""
        mass = (target.values * target.weights[:, None]).sum(axis=0)
        ordered: Codes = np.sort(np.argsort(-mass, kind="stable")[: self.most])
        return ordered

    def fit(
        self, codes: Codes, sizes: tuple[int, ...], target: Target, fold: Codes
    ) -> tuple[Codes, tuple[Matrix, ...], Matrix]:
        """Of ``codes`` int64 [n, j] below ``sizes``: the classes, a table float32 [size, classes] per column
        from all rows, and the matrix float32 [n, j * classes] of these rows, each from the other folds."""
        weights = target.weights
        classes = self.classes(target)
        total = max(float(weights.sum()), 1e-300)
        overall = ((target.values * weights[:, None]).sum(axis=0) / total)[classes]
        values = target.values[:, classes]
        matrix = np.empty((codes.shape[0], len(sizes) * classes.size), dtype=np.float32)
        for k in range(self.folds):
            mine, rest = fold == k, fold != k
            tables = self._tables(codes[rest], sizes, values[rest], weights[rest], overall)
            if tables:
                matrix[mine] = look_up(codes[mine], tables)
        return classes, tuple(self._tables(codes, sizes, values, weights, overall)), matrix

    def _tables(
        self,
        codes: Codes,
        sizes: tuple[int, ...],
        values: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64],
        overall: npt.NDArray[np.float64],
    ) -> list[Matrix]:
        tables = []
        for j, size in enumerate(sizes):
            mass = np.bincount(codes[:, j], weights=weights, minlength=size)
            table = np.empty((size, overall.size), dtype=np.float32)
            for c, mean in enumerate(overall):
                weighted = weights * (values[:, c] - mean)
                sums = np.bincount(codes[:, j], weights=weighted, minlength=size)
                table[:, c] = mean + sums / (mass + self.smoothing)
            table[UNSEEN] = overall
            tables.append(table)
        return tables


@dataclass(frozen=True, slots=True)
class TargetMean:
    """The mean target of a value; one column a class, for the ``most`` most common classes.

    ``smoothing`` is how many rows the overall mean counts for.
    """

    kind: ClassVar[str] = "target-mean"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    smoothing: float = 10.0
    folds: int = 5
    most: int = 10

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedTargetMean, Matrix]:
        every = Vocabulary.fit(typed, self.columns)
        codes = every.codes(typed)
        kept = [j for j in range(len(self.columns)) if (codes[:, j] != codes[:1, j]).any()]
        vocabulary, codes = every.only(kept), codes[:, kept]
        statistics = Statistics(self.smoothing, self.folds, self.most)
        fold = inner_folds(typed.rows, target.groups, self.folds, seed)
        classes, tables, matrix = statistics.fit(codes, vocabulary.sizes(), target, fold)
        labels = tuple(int(c) for c in classes) if target.values.shape[1] > 1 else ()
        return FittedTargetMean(vocabulary, labels, tables, classes.size), matrix

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedTargetMean:
        wide = int(data["wide"])
        tables = tuple(np.array(table, dtype=np.float32).reshape(-1, wide) for table in data["tables"])
        return FittedTargetMean(
            Vocabulary.from_json(data["vocabulary"]), tuple(data["classes"]), tables, wide
        )


@dataclass(frozen=True, slots=True, eq=False)
class FittedTargetMean:
    """``tables`` float32 [codes, wide] per column; ``classes`` are the class codes of the ``wide`` columns
    (empty for binary and numbers)."""

    kind: ClassVar[str] = "target-mean"
    vocabulary: Vocabulary
    classes: tuple[int, ...]
    tables: tuple[Matrix, ...]
    wide: int

    @property
    def names(self) -> tuple[str, ...]:
        columns = self.vocabulary.columns
        if not self.classes:
            return tuple(f"target by {column}" for column in columns)
        return tuple(f"class {c} by {column}" for column in columns for c in self.classes)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.names)

    def apply(self, typed: Typed) -> Matrix:
        if not self.tables:
            return np.empty((typed.rows, 0), dtype=np.float32)
        return look_up(self.vocabulary.codes(typed), list(self.tables))

    def sentence(self) -> str:
        return (
            f"the smoothed mean of the target for the values of {count(len(self.tables), 'category')}, "
            "learned across folds so that no row sees its own label"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary.to_json(),
            "classes": list(self.classes),
            "wide": self.wide,
            "tables": [table.ravel().tolist() for table in self.tables],
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        return tables_to_graph(graph, self.vocabulary.to_graph(graph, inputs), list(self.tables))
