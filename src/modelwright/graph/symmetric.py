"""Symmetric trees (one test for every node of a level) as comparisons and tables: no walk from node to node.

A tree of depth d is d tests whose answers are the bits of the number of a leaf. All tests of all trees are
made at once, column by column, and a table has the leaves. As nodes of ``TreeEnsembleRegressor`` the same
trees take 13 times the bytes and 3 times the time in batches (benchmarks/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.link import Link, linked, linked_values

BLOCK = 512
"""Answers (trees times outputs) that are summed at once: what a batch needs beside itself stays small."""
LEAST = 64
"""Trees that are summed at once at least: a single row pays for every block."""


@dataclass(frozen=True, slots=True)
class Symmetric:
    """One tree: a row goes right at level i where ``x[features[i]] > borders[i]``.

    ``features`` int [d], ``borders`` float32 [d], ``nan_right`` bool [d]: where NaN goes. ``leaves`` float
    [2^d, k]: bit i of a leaf's number is 1 where level i went right (CatBoost's order).
    """

    features: npt.NDArray[np.int64]
    borders: npt.NDArray[np.float32]
    nan_right: npt.NDArray[np.bool_]
    leaves: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SymmetricTrees:
    """A sum of symmetric trees with its link; for regression in units of ``scale`` around ``offset``.

    Tests of all trees: ``feature`` int, ``border`` float32, ``nan_right`` bool, each [trees, depth].
    ``leaves`` float32 [trees, 2^depth, outputs].
    """

    feature: npt.NDArray[np.int64]
    border: npt.NDArray[np.float32]
    nan_right: npt.NDArray[np.bool_]
    leaves: npt.NDArray[np.float32]
    base: npt.NDArray[np.float64]
    link: Link = "none"
    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(
        cls,
        trees: Sequence[Symmetric],
        outputs: int,
        *,
        link: Link = "none",
        base: npt.ArrayLike | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
    ) -> SymmetricTrees:
        """The sum of ``trees`` plus ``base`` [outputs]. Trees that are less deep than others are given levels
        at which nothing goes right."""
        depth = max((len(t.features) for t in trees), default=0)
        shape = (len(trees), depth)
        feature = np.zeros(shape, dtype=np.int64)
        border = np.full(shape, np.inf, dtype=np.float32)
        nan_right = np.zeros(shape, dtype=bool)
        leaves = np.zeros((len(trees), 2**depth, outputs), dtype=np.float32)
        for number, tree in enumerate(trees):
            levels = len(tree.features)
            feature[number, :levels] = tree.features
            border[number, :levels] = tree.borders
            nan_right[number, :levels] = tree.nan_right
            leaves[number, : 2**levels] = tree.leaves
        start = np.zeros(outputs) if base is None else np.asarray(base, dtype=np.float64).reshape(outputs)
        return cls(feature, border, nan_right, leaves, start, link, scale, offset)

    def raw(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Sums float64 [n, outputs]."""
        total = np.tile(self.base, (len(x), 1))
        for number in range(len(self.feature)):
            value = x[:, self.feature[number]]
            right = np.where(np.isnan(value), self.nan_right[number], value > self.border[number])
            total += self.leaves[number][right @ (1 << np.arange(self.feature.shape[1]))]
        return total

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """What the graph computes, in float64: [n, classes] probabilities or [n, 1] values."""
        return linked_values(self.raw(x), self.link, self.scale, self.offset)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        """Add the trees and their link; returns float32 [N, classes] or [N, 1]."""
        return linked(graph, self._sums(graph, x), self.link, self.scale, self.offset)

    def _sums(self, graph: GraphBuilder, x: str) -> str:
        count, depth = self.feature.shape
        if not depth:  # no trees, or trees that ask nothing
            return layers.constant_rows(graph, x, self.base + self.leaves.sum(axis=(0, 1)))
        base = self.base.astype(np.float32)
        bits, where = self._tests(graph, x)
        size = max(LEAST, BLOCK // self.leaves.shape[2])
        parts = []
        for start in range(0, count, size):
            block = slice(start, min(start + size, count))
            # All leaves of the first tree, then those of the second: numbers are shifted by the tree's place.
            number = graph.constant(np.arange(block.stop - start)[:, None] << depth, "int32")
            number = graph.node("Add", [self._numbers(graph, bits, where[block]), number])
            leaves = self.leaves[block].reshape(-1, self.leaves.shape[2])
            found = graph.node("Gather", [graph.constant(leaves, "float32", "leaves"), number], axis=0)
            parts.append(graph.node("ReduceSum", [found, graph.constant([0], "int64")], keepdims=0))
        total = parts[0] if len(parts) == 1 else graph.node("Sum", parts)
        return graph.node("Add", [total, graph.constant(base, "float32")]) if base.any() else total

    def _tests(self, graph: GraphBuilder, x: str) -> tuple[str, npt.NDArray[np.int64]]:
        """Every test that some tree makes, once: answers int32 [tests, N]; and the places of the trees' tests
        among them, int [trees, depth]."""
        keys = np.stack(
            [self.nan_right.ravel(), self.feature.ravel(), self.border.ravel().view(np.int32)], axis=1
        ).astype(np.int64)
        tests, where = np.unique(keys, axis=0, return_inverse=True)
        features, borders = tests[:, 1], tests[:, 2].astype(np.int32).view(np.float32)
        across = graph.node("Transpose", [x], perm=[1, 0])
        answers = []
        for right in (False, True):
            of = np.flatnonzero(tests[:, 0] == right)
            if not len(of):
                continue
            column = graph.node("Gather", [across, graph.constant(features[of], "int64")], axis=0)
            border = graph.constant(borders[of][:, None], "float32")
            if right:  # a comparison with NaN is false: turned round, it is true
                answers.append(graph.node("Not", [graph.node("LessOrEqual", [column, border])]))
            else:
                answers.append(graph.node("Greater", [column, border]))
        both = answers[0] if len(answers) == 1 else graph.node("Concat", answers, axis=0)
        return layers.cast(graph, both, "int32"), where.reshape(self.feature.shape)

    def _numbers(self, graph: GraphBuilder, bits: str, where: npt.NDArray[np.int64]) -> str:
        """The number of each tree's leaf, int32 [trees, N]: the last level's bit is the highest."""
        number = ""
        for level in reversed(range(where.shape[1])):
            bit = graph.node("Gather", [bits, graph.constant(where[:, level], "int64")], axis=0)
            if number:
                bit = graph.node("Add", [graph.node("Add", [number, number]), bit])
            number = bit
        return number
