"""Single trees and forests of scikit-learn: decision tree, random forest, extremely randomised trees.

Forests: Breiman, Machine Learning 45, 2001; Geurts, Ernst and Wehenkel, Machine Learning 63, 2006.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.trees import Tree, Trees, round_down
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import (
    RECIPE,
    Choice,
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
    Int,
    Machine,
    OutOfTime,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

PAIRED = 16
"""Most numbers of which extra trees are also tried on all sums and differences of two."""
MANY_ROWS = 10_000
"""Rows from which half the trees are grown: each says more and costs more, and the rest is worth less."""
SHARES = 60_000_000
"""Trees times rows times classes of a first forest at most: about a gigabyte while it is fitted."""
LEAVES = 400_000
"""Leaves of a whole forest at most, by the smallest leaf that is allowed: about 25 MB of graph."""


@dataclass(slots=True)
class ForestFitted:
    """The mean over ``members`` (fitted ``sklearn.tree`` trees); ``seen`` are the class codes they know."""

    members: list[Any]
    seen: tuple[int, ...]
    task: Task
    scale: Scale
    curve: Curve = ()
    stopped: str = ""
    rounds: int = 1
    prior: Values | None = None
    """Class frequencies that count as two more rows in each leaf; None: leaves speak for themselves, as they
    may in a forest."""

    def _value(self, tree: Any) -> Values:
        """What each node says: [nodes, classes] shares, or [nodes, 1]."""
        value = np.asarray(tree.value, dtype=np.float64)[:, 0, :]
        if self.task.problem == "regression":
            return value
        out = np.zeros((len(value), self.task.classes))
        out[:, list(self.seen)] = value / value.sum(axis=1, keepdims=True)
        if self.prior is not None:
            rows = np.asarray(tree.weighted_n_node_samples, dtype=np.float64)[:, None]
            out = (out * rows + 2.0 * self.prior) / (rows + 2.0)
        return out

    def predict(self, x: Matrix) -> Values:
        x = np.ascontiguousarray(x, dtype=np.float32)
        total = np.zeros((len(x), max(1, self.task.classes)))
        for member in self.members:
            # The tree underneath the estimator, since the estimator refuses infinities.
            total += self._value(member.tree_)[member.tree_.apply(x)]
        total /= len(self.members)
        return self.scale.back(total) if self.task.problem == "regression" else total

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        binary = self.task.problem == "binary"
        trees = []
        for member in self.members:
            tree = member.tree_
            value = self._value(tree)[:, 1:] if binary else self._value(tree)
            inner = tree.children_left >= 0
            trees.append(
                Tree(
                    feature=np.where(inner, tree.feature, -1).astype(np.int64),
                    threshold=round_down(np.where(inner, tree.threshold, 0.0)),
                    left=np.where(inner, tree.children_left, 0).astype(np.int64),
                    right=np.where(inner, tree.children_right, 0).astype(np.int64),
                    nan_left=np.asarray(tree.missing_go_to_left, dtype=bool),
                    value=value / len(self.members),
                )
            )
        return Trees.of(
            trees,
            self.task.classes if self.task.problem == "multiclass" else 1,
            link="pair" if binary else "none",
            scale=self.scale.deviation,
            offset=self.scale.mean,
        ).to_graph(graph, x)


def _target(task: Task, train: Rows) -> tuple[Any, Scale]:
    if task.problem != "regression":
        return train.y, Scale(0.0, 1.0)
    scale = Scale.of(train.y, common.unit_weights(train))
    return scale.apply(train.y), scale


def _seen(task: Task, model: Any) -> tuple[int, ...]:
    return () if task.problem == "regression" else tuple(int(code) for code in model.classes_)


@dataclass(frozen=True, slots=True)
class Forest:
    name: str
    title: str
    extra: bool
    """Thresholds at random, and all rows in each tree."""
    version: int = 1

    @property
    def tags(self) -> Tags:
        return Tags(recipe="trees", stoppable=True, tolerance=1e-5)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        depth = np.log2(max(4, facts.rows))
        tried = facts.columns**0.5 if task.problem != "regression" else facts.columns * 0.6
        cost = 0.2 + 200 * facts.rows * depth * (1 + tried) * (0.4e-8 if self.extra else 0.6e-8) * (
            1 + 0.05 * task.classes
        ) * 3 / max(1, machine.cores)
        return Suits("a forest: hard to mislead, good in an ensemble and with few rows", float(cost))

    def space(self, task: Task, facts: DataFacts) -> Space:
        least = smallest_leaf(facts.rows, 200)
        most = max(least + 1, min(100, max(2, facts.rows // 20)))
        features = 0.6 if task.problem == "regression" else round(max(1.0, facts.columns**0.5), 3)
        share = features if features <= 1.0 else round(min(1.0, features / max(1, facts.columns)), 3)
        ranges: dict[str, Float | Int | Choice] = {
            "trees": Int(50, 300),
            "min_leaf": Int(least, most, log=True),
            "features": Float(0.05, 1.0),
        }
        if task.problem != "regression":
            ranges["criterion"] = Choice(("gini", "entropy"))
        trees = 200 if facts.rows <= MANY_ROWS else 100
        if task.classes > 2:  # each leaf has a share of every class while the forest is fitted
            trees = min(trees, max(20, SHARES // max(1, facts.rows * task.classes)))
        base: dict[str, Any] = {"trees": trees, "min_leaf": least, "features": min(1.0, max(0.05, share))}
        if task.problem != "regression":
            base["criterion"] = "gini"
        starts = [base, {**base, "min_leaf": min(most, max(least, 5)), "features": 0.5}]
        if task.problem != "regression":
            starts.append({**base, "criterion": "entropy"})
            if self.extra and 3 <= facts.numbers <= PAIRED:
                # Thresholds on sums and differences cut the plane at a slant: fewer splits for one border.
                ranges[RECIPE] = Choice(("plain", "wide"))
                starts = [{**start, RECIPE: "plain"} for start in starts]
                starts.insert(1, {**base, RECIPE: "wide"})
        else:
            starts.append({**base, "features": 1.0})
        return Space(ranges=ranges, starts=tuple(starts))

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> Fitted:
        """Trees are grown a few at a time; at the deadline those that stand are the forest. The same seed
        gives the same trees however many are grown at once."""
        from sklearn import ensemble

        common.check(task, train, dense=False)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the first tree")
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        y, scale = _target(task, train)
        kind = "Classifier" if task.problem != "regression" else "Regressor"
        maker = getattr(ensemble, ("ExtraTrees" if self.extra else "RandomForest") + kind)
        arguments: dict[str, Any] = {
            "min_samples_leaf": int(c["min_leaf"]),
            "max_features": float(c["features"]),
            "n_jobs": threads,
            "random_state": seed % 2**32,
            "warm_start": True,
        }
        if task.problem != "regression":
            arguments["criterion"] = c["criterion"]
        most = max(1, int(c.get("rounds", c["trees"])))
        model = maker(n_estimators=1, **arguments)
        begun, count, stopped = time.monotonic(), 0, ""
        while count < most:
            chunk = min(most - count, max(2, 2 * threads))
            if count and deadline.left() < (time.monotonic() - begun) / count * chunk:
                stopped = "deadline"
                break
            model.set_params(n_estimators=count + chunk)
            model.fit(train.x, y, sample_weight=train.weights)
            count += chunk
            if watch(count, float("nan"), float("nan")):
                stopped = "watch"
                break
        if stopped == "deadline" and "rounds" in config:
            raise OutOfTime(f"{count} of {most} trees were grown before the deadline")
        return ForestFitted(
            list(model.estimators_), _seen(task, model), task, scale, stopped=stopped, rounds=count
        )


def smallest_leaf(rows: int, trees: int) -> int:
    """The fewest rows a leaf may hold so that the forest has ``LEAVES`` leaves at most."""
    return max(1, -(-rows * trees // (2 * LEAVES)))


class DecisionTree:
    name = "decision_tree"
    title = "Decision tree"
    version = 1
    tags = Tags(recipe="trees", interpretable=True)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        cost = 0.01 + facts.rows * facts.columns * 3e-7
        return Suits("one tree of a few questions: a person can follow each prediction", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        few = max(1, min(20, facts.rows // 100))
        most = max(few + 1, min(500, facts.rows // 10))
        return Space(
            ranges={
                "depth": Int(2, 14),
                "min_leaf": Int(1, most, log=True),
                "prune": Float(1e-6, 0.01, log=True),
            },
            starts=(
                {"depth": 6, "min_leaf": few, "prune": 1e-4},
                {"depth": 10, "min_leaf": few, "prune": 3e-5},
                {"depth": 4, "min_leaf": few, "prune": 1e-6},
            ),
        )

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> Fitted:
        """One tree by CART with cost-complexity pruning (Breiman et al., 1984). Cannot be stopped."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        common.check(task, train, dense=False)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the tree was begun")
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        y, scale = _target(task, train)
        maker = DecisionTreeRegressor if task.problem == "regression" else DecisionTreeClassifier
        model = maker(
            max_depth=int(c["depth"]),
            min_samples_leaf=int(c["min_leaf"]),
            ccp_alpha=float(c["prune"]),
            random_state=seed % 2**32,
        )
        weights = common.unit_weights(train)
        model.fit(train.x, y, sample_weight=weights)
        prior = None
        if task.problem != "regression":
            # A pure leaf of three rows is no proof: an estimate towards the frequencies (Cestnik, 1990).
            prior = np.bincount(train.y, weights=weights, minlength=task.classes) / weights.sum()
        return ForestFitted([model], _seen(task, model), task, scale, prior=prior)


RANDOM_FOREST = Forest("random_forest", "Random forest", extra=False)
EXTRA_TREES = Forest("extra_trees", "Extremely randomised trees", extra=True)
DECISION_TREE = DecisionTree()
