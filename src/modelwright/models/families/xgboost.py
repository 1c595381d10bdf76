"""XGBoost: gradient boosting with second-order steps (Chen and Guestrin, KDD 2016)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.trees import BIGGEST, Tree, Trees, just_below, reachable
from modelwright.models.families import common
from modelwright.models.families.boosting import ABSOLUTE, Progress, answer, link, rounds_of
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
    Int,
    Machine,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

if TYPE_CHECKING:
    import xgboost as xgb


@dataclass(slots=True)
class XGBoostFitted:
    booster: xgb.Booster
    """Cut to the rounds in use."""
    base: float
    """The raw score before the first tree."""
    task: Task
    scale: Scale
    rounds: int
    curve: Curve
    stopped: str

    def predict(self, x: Matrix) -> Values:
        # It refuses infinities; the largest float32 goes the same way at every threshold.
        data = np.clip(x, -BIGGEST, BIGGEST)
        raw = self.booster.inplace_predict(data, predict_type="margin")
        return answer(self.task, np.asarray(raw, dtype=np.float64), self.scale)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        outputs = self.task.classes if self.task.problem == "multiclass" else 1
        return Trees.of(
            from_json(bytes(self.booster.save_raw("json"))),
            outputs,
            link=link(self.task),
            base=np.full(outputs, self.base),
            scale=self.scale.deviation,
            offset=self.scale.mean,
        ).to_graph(graph, x)


def from_json(raw: bytes) -> list[Tree]:
    """The trees of XGBoost's JSON model (``gbtree``, one output a tree, no sets of categories)."""
    model = json.loads(raw)["learner"]["gradient_booster"]["model"]
    trees = []
    for tree, output in zip(model["trees"], model["tree_info"], strict=True):
        left = np.array(tree["left_children"], dtype=np.int64)
        inner = left >= 0
        condition = np.array(tree["split_conditions"], dtype=np.float32)
        trees.append(
            reachable(
                Tree(
                    feature=np.where(inner, np.array(tree["split_indices"], dtype=np.int64), -1),
                    threshold=np.where(inner, just_below(condition), np.float32(0)),
                    left=np.where(inner, left, 0),
                    right=np.where(inner, np.array(tree["right_children"], dtype=np.int64), 0),
                    nan_left=np.array(tree["default_left"], dtype=np.int64) > 0,
                    value=np.where(inner, 0.0, condition.astype(np.float64))[:, None],
                    output=int(output),
                )
            )
        )
    return trees


class XGBoost:
    name = "xgboost"
    title = "XGBoost (gradient boosting)"
    version = 1
    tags = Tags(recipe="trees", stoppable=True, rounds=True)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        outputs = max(1, task.classes) if task.problem == "multiclass" else 1
        cells = facts.rows * (facts.columns + 5)
        cost = 0.2 + outputs * (cells * 3e-6 + 0.3) / max(1, machine.cores) ** 0.7
        return Suits(
            "boosting with second-order steps; often differs enough from LightGBM to add to it", cost
        )

    def space(self, task: Task, facts: DataFacts) -> Space:
        many = task.problem == "multiclass" and task.classes > 10
        base: dict[str, Any] = {
            "learning_rate": 0.1,
            "depth": 6,
            "min_weight": 1.0,
            "features": 1.0,
            "bagging": 1.0,
            "l1": 0.0,
            "l2": 1.0,
            "gamma": 0.0,
        }
        return Space(
            ranges={
                "learning_rate": Float(0.01, 0.3, log=True),
                "depth": Int(2, 10),
                "min_weight": Float(0.1, 30.0, log=True),
                "features": Float(0.3, 1.0),
                "bagging": Float(0.5, 1.0),
                "l1": Float(0.0, 5.0),
                "l2": Float(0.0, 20.0),
                "gamma": Float(0.0, 5.0),
            },
            starts=(
                base,
                {
                    **base,
                    "learning_rate": 0.1 if many else 0.05,
                    "depth": 8,
                    "features": 0.6,
                    "bagging": 0.8,
                    "min_weight": 3.0,
                },
                {**base, "learning_rate": 0.1 if many else 0.05, "depth": 4, "features": 0.7, "l2": 5.0},
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
        """``config["rounds"]`` fits exactly that many; otherwise early stopping on ``valid``."""
        common.check(task, train, dense=False)
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights) if task.problem == "regression" else Scale(0.0, 1.0)
        most, exact = rounds_of(c, valid is not None)
        progress = Progress(most, exact, deadline, watch, float(c["learning_rate"]))
        parameters, base = _parameters(task, train, weights, c, seed, threads)
        data = _data(train, scale, task, threads)
        import xgboost as xgb

        booster = xgb.Booster(parameters, [data])
        checked = _data(valid, scale, task, threads, reference=data) if valid is not None else None
        for step in range(1, most + 1):
            booster.update(data, step - 1)
            at = _read(booster.eval(checked)) if checked is not None else math.nan
            before = _read(booster.eval(data)) if progress.wants_train(step) else math.nan
            if progress.over(step, before, at):
                break
        progress.demand()
        return XGBoostFitted(
            booster[: progress.best],
            base,
            task,
            scale,
            progress.best,
            common.thinned(progress.curve),
            progress.stopped,
        )


def _read(line: str) -> float:
    """The number in ``[0]\\teval-logloss:0.25``."""
    return float(line.rsplit(":", 1)[1])


def _data(
    rows: Rows, scale: Scale, task: Task, threads: int, reference: xgb.QuantileDMatrix | None = None
) -> xgb.QuantileDMatrix:
    import xgboost as xgb

    return xgb.QuantileDMatrix(
        np.clip(rows.x, -BIGGEST, BIGGEST),
        label=scale.apply(rows.y) if task.problem == "regression" else rows.y,
        weight=None if rows.weights is None else common.unit_weights(rows),
        nthread=threads,
        ref=reference,
    )


def _parameters(
    task: Task, train: Rows, weights: Values, c: dict[str, Any], seed: int, threads: int
) -> tuple[dict[str, Any], float]:
    """XGBoost's parameters, and the raw score that its base stands for."""
    kind: dict[str, Any]
    base = 0.0
    if task.problem == "binary":
        # Held in float32 as a probability: what is given back is what XGBoost makes of it.
        share = np.float32(np.clip(np.average(train.y, weights=weights), 1e-4, 1 - 1e-4))
        kind = {"objective": "binary:logistic", "eval_metric": "logloss", "base_score": float(share)}
        base = float(-np.log(np.float32(1.0) / share - np.float32(1.0)))
    elif task.problem == "multiclass":
        kind = {
            "objective": "multi:softprob",
            "eval_metric": "mlogloss",
            "num_class": task.classes,
            "base_score": 0.0,
        }
    elif task.metric in ABSOLUTE:
        kind = {"objective": "reg:absoluteerror", "eval_metric": "mae", "base_score": 0.0}
    else:
        kind = {"objective": "reg:squarederror", "eval_metric": "rmse", "base_score": 0.0}
    return {
        **kind,
        "tree_method": "hist",
        "eta": float(c["learning_rate"]),
        "max_depth": int(c["depth"]),
        "min_child_weight": float(c["min_weight"]),
        "colsample_bytree": float(c["features"]),
        "subsample": float(c["bagging"]),
        "alpha": float(c["l1"]),
        "lambda": float(c["l2"]),
        "gamma": float(c["gamma"]),
        "seed": seed % 2**31,
        "nthread": threads,
        "verbosity": 0,
    }, base


FAMILY = XGBoost()
