"""Decision trees of every origin in one form, and that form as one ONNX node.

LightGBM, XGBoost, CatBoost and scikit-learn grow their trees with different comparisons, precisions and
rules for NaN. All become one thing here: ``x[feature] <= threshold`` goes left, in float32, where NaN takes
the side that the node says. Features are float32 by contract, so a threshold held in double can be rounded
*down* to float32 without changing the answer of any comparison: the graph then takes exactly the paths
that the library takes, and what differs is only the rounding of a sum.

The node is ``TreeEnsembleRegressor`` of ai.onnx.ml 3, which every runtime knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, NodeProto

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.link import Link, linked, linked_values

TINY = np.finfo(np.float32).tiny
BIGGEST = np.finfo(np.float32).max


def round_down(thresholds: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The largest normal float32 that is no larger: ``x <= t`` keeps its answer for every normal float32 x.

    Subnormal results are avoided, since a process that flushes them to zero (some libraries switch that on)
    would send ``x = 0`` to the other side.
    """
    exact = np.asarray(thresholds, dtype=np.float64)
    # Infinities stay: a split between what is missing and what is not has one for a threshold.
    clipped = np.where(np.isinf(exact), exact, np.clip(exact, -BIGGEST, BIGGEST))
    rounded = clipped.astype(np.float32)
    high = rounded > clipped
    rounded = np.nextafter(rounded, np.float32(-np.inf), where=high, out=rounded.copy())
    rounded = np.where((rounded > 0) & (rounded < TINY), np.float32(0), rounded)
    rounded = np.where((rounded < 0) & (rounded > -TINY), -TINY, rounded)
    return np.asarray(rounded, dtype=np.float32)


def just_below(thresholds: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """For libraries that go left on ``x < t`` in float32: the t' for which ``x <= t'`` says the same."""
    exact = np.asarray(thresholds, dtype=np.float32)
    with np.errstate(over="ignore"):
        below = np.nextafter(exact, np.float32(-np.inf))
    return round_down(below)


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; node 0 is the root and every node can be reached from it.

    ``feature`` int [nodes], -1 at a leaf; ``threshold`` float32 [nodes]; ``left`` and ``right`` int [nodes];
    ``nan_left`` bool [nodes]; ``value`` float [nodes, k] (read at leaves). With k = 1 the value goes to
    output ``output``; otherwise to outputs 0 to k - 1.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    nan_left: npt.NDArray[np.bool_]
    value: npt.NDArray[np.float64]
    output: int = 0


def reachable(tree: Tree) -> Tree:
    """The same tree without the nodes that its root does not reach (pruned ones that a library left)."""
    order: list[int] = []
    stack = [0]
    while stack:
        node = stack.pop()
        order.append(node)
        if tree.feature[node] >= 0:
            stack += [int(tree.right[node]), int(tree.left[node])]
    keep = np.asarray(order, dtype=np.int64)
    place = np.zeros(len(tree.feature), dtype=np.int64)
    place[keep] = np.arange(len(keep))
    inner = tree.feature[keep] >= 0
    return Tree(
        feature=tree.feature[keep],
        threshold=tree.threshold[keep],
        left=np.where(inner, place[np.where(inner, tree.left[keep], 0)], 0),
        right=np.where(inner, place[np.where(inner, tree.right[keep], 0)], 0),
        nan_left=tree.nan_left[keep],
        value=tree.value[keep],
        output=tree.output,
    )


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of trees with its link; for regression the sum is in units of ``scale`` around ``offset``.

    Nodes of all trees stand one after the other; ``roots`` int [trees + 1] are where each begins (and the
    end). ``left`` and ``right`` are places in the whole. Leaf values are entries (node, output, value):
    one a leaf for boosted trees, one for each class with a share for forests.
    """

    outputs: int
    roots: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    nan_left: npt.NDArray[np.bool_]
    entry_node: npt.NDArray[np.int64]
    entry_output: npt.NDArray[np.int64]
    entry_value: npt.NDArray[np.float32]
    link: Link = "none"
    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(
        cls,
        trees: list[Tree],
        outputs: int,
        *,
        link: Link = "none",
        base: npt.ArrayLike | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
    ) -> Trees:
        """The sum of ``trees`` into ``outputs`` raw values, plus ``base`` [outputs]."""
        start = np.zeros(outputs) if base is None else np.asarray(base, dtype=np.float64).reshape(outputs)
        if not trees or start.any():
            # A tree of one leaf. The operator's own `base_values` are not applied to an output that no leaf
            # of a row's path mentions (seen with onnxruntime 1.31).
            zero = np.zeros(1, dtype=np.int64)
            constant = Tree(zero - 1, np.zeros(1, np.float32), zero, zero, zero > 0, start[None])
            trees = [constant, *trees]
        sizes = np.array([len(t.feature) for t in trees])
        roots = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        shift = np.repeat(roots[:-1], sizes)
        feature = np.concatenate([t.feature for t in trees]).astype(np.int64)
        nodes, targets, values = [], [], []
        for tree, root in zip(trees, roots, strict=False):
            leaf = np.flatnonzero(tree.feature < 0)
            value = tree.value[leaf].astype(np.float32)
            taken = value != 0
            # The operator wants at least one entry for each leaf.
            taken[~taken.any(axis=1), 0] = True
            row, column = np.nonzero(taken)
            nodes.append(leaf[row] + root)
            targets.append(column if value.shape[1] > 1 else np.full(len(row), tree.output))
            values.append(value[row, column])
        return cls(
            outputs=outputs,
            roots=roots,
            feature=feature,
            threshold=np.concatenate([t.threshold for t in trees]).astype(np.float32),
            left=np.concatenate([t.left for t in trees]).astype(np.int64) + shift,
            right=np.concatenate([t.right for t in trees]).astype(np.int64) + shift,
            nan_left=np.concatenate([t.nan_left for t in trees]).astype(bool),
            entry_node=np.concatenate(nodes).astype(np.int64),
            entry_output=np.concatenate(targets).astype(np.int64),
            entry_value=np.concatenate(values).astype(np.float32),
            link=link,
            scale=scale,
            offset=offset,
        )

    def leaves(self, x: npt.NDArray[np.float32], tree: int) -> npt.NDArray[np.int64]:
        """The leaf (a place in the whole) that each row of ``x`` reaches in one tree."""
        place = np.full(len(x), self.roots[tree])
        going = np.flatnonzero(self.feature[place] >= 0)
        while len(going):
            node = place[going]
            value = x[going, self.feature[node]]
            left = np.where(np.isnan(value), self.nan_left[node], value <= self.threshold[node])
            place[going] = np.where(left, self.left[node], self.right[node])
            going = going[self.feature[place[going]] >= 0]
        return place

    def raw(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Sums [n, outputs] in float64."""
        total = np.zeros((len(x), self.outputs))
        first = np.searchsorted(self.entry_node, self.roots)
        for tree in range(len(self.roots) - 1):
            table = np.zeros((self.roots[tree + 1] - self.roots[tree], self.outputs))
            entries = slice(first[tree], first[tree + 1])
            table[self.entry_node[entries] - self.roots[tree], self.entry_output[entries]] = self.entry_value[
                entries
            ]
            total += table[self.leaves(x, tree) - self.roots[tree]]
        return total

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """What the graph computes, in float64: [n, classes] probabilities or [n, 1] values."""
        return linked_values(self.raw(x), self.link, self.scale, self.offset)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        """Add one ``TreeEnsembleRegressor`` and its link; returns float32 [N, classes] or [N, 1]."""
        return linked(graph, self._node(graph, x), self.link, self.scale, self.offset)

    def _node(self, graph: GraphBuilder, x: str) -> str:
        sizes = np.diff(self.roots)
        tree = np.repeat(np.arange(len(sizes)), sizes)
        start = self.roots[tree]
        within = np.arange(len(tree)) - start
        leaf = self.feature < 0
        name = graph.unique("trees")
        node = NodeProto(op_type="TreeEnsembleRegressor", domain="ai.onnx.ml", input=[x], output=[name])

        # Attributes are filled directly: onnx.helper looks at the type of each of a million numbers.
        def ints(key: str, values: npt.NDArray[Any]) -> None:
            node.attribute.append(AttributeProto(name=key, type=AttributeProto.INTS, ints=values.tolist()))

        def floats(key: str, values: npt.NDArray[Any]) -> None:
            node.attribute.append(
                AttributeProto(name=key, type=AttributeProto.FLOATS, floats=values.tolist())
            )

        def text(key: str, value: str) -> None:
            node.attribute.append(AttributeProto(name=key, type=AttributeProto.STRING, s=value.encode()))

        text("aggregate_function", "SUM")
        node.attribute.append(AttributeProto(name="n_targets", type=AttributeProto.INT, i=self.outputs))
        ints("nodes_falsenodeids", np.where(leaf, 0, self.right - start))
        ints("nodes_featureids", np.where(leaf, 0, self.feature))
        ints("nodes_missing_value_tracks_true", np.where(leaf, False, self.nan_left).astype(np.int64))
        modes = [b"LEAF" if is_leaf else b"BRANCH_LEQ" for is_leaf in leaf.tolist()]
        node.attribute.append(AttributeProto(name="nodes_modes", type=AttributeProto.STRINGS, strings=modes))
        ints("nodes_nodeids", within)
        ints("nodes_treeids", tree)
        ints("nodes_truenodeids", np.where(leaf, 0, self.left - start))
        floats("nodes_values", np.where(leaf, np.float32(0), self.threshold))
        text("post_transform", "NONE")
        entry_tree = tree[self.entry_node]
        ints("target_ids", self.entry_output)
        ints("target_nodeids", self.entry_node - self.roots[entry_tree])
        ints("target_treeids", entry_tree)
        floats("target_weights", self.entry_value)
        graph.nodes.append(node)
        return name
