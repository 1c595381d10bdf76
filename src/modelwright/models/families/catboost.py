"""CatBoost: boosting of symmetric trees on ordered targets (Prokhorenkova et al., NeurIPS 2018).

An extra: ``pip install 'modelwright[catboost]'``. It is given numbers alone (categories come as codes), so
that the model is one of plain comparisons: see docs/decisions/0005-trees-in-the-graph.md.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadData
from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.symmetric import Symmetric, SymmetricTrees
from modelwright.graph.trees import round_down
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
    OutOfTime,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

INSTALL = "pip install 'modelwright[catboost]'"


@dataclass(slots=True)
class CatBoostFitted:
    model: Any
    task: Task
    scale: Scale
    rounds: int
    curve: Curve
    stopped: str
    threads: int
    seen: npt.NDArray[np.int64]
    """Class codes that training rows had: CatBoost knows no others."""

    def predict(self, x: Matrix) -> Values:
        raw = self.model.predict(
            x, prediction_type="RawFormulaVal", ntree_end=self.rounds, thread_count=self.threads
        )
        raw = np.asarray(raw, dtype=np.float64)
        if self.task.problem == "multiclass":
            raw = self._spread(raw, layers.ABSENT)
        return answer(self.task, raw, self.scale)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        outputs = self.task.classes if self.task.problem == "multiclass" else 1
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            self.model.save_model(str(path), format="json")
            known = len(self.seen) if self.task.problem == "multiclass" else 1
            trees, base = from_json(path.read_bytes(), known, self.rounds)
        if self.task.problem == "multiclass":
            trees = [replace(tree, leaves=self._spread(tree.leaves, 0.0)) for tree in trees]
            base = self._spread(base[None], layers.ABSENT)[0]
        return SymmetricTrees.of(
            trees,
            outputs,
            link=link(self.task),
            base=base,
            scale=self.scale.deviation,
            offset=self.scale.mean,
        ).to_graph(graph, x)

    def _spread(self, values: Values, absent: float) -> Values:
        """Columns of the classes that were seen, set among those of all."""
        out = np.full((len(values), self.task.classes), absent)
        out[:, self.seen] = values
        return out


def from_json(raw: bytes, outputs: int, rounds: int) -> tuple[list[Symmetric], Values]:
    """The first ``rounds`` trees of CatBoost's JSON model (symmetric, numeric splits alone) and the base."""
    model = json.loads(raw)
    scale, base = model["scale_and_bias"]
    nan_right = np.zeros(len(model["features_info"]["float_features"]) + 1, dtype=bool)
    place = {}
    for feature in model["features_info"]["float_features"]:
        place[feature["feature_index"]] = feature["flat_feature_index"]
        # AsTrue: NaN counts as larger than every border; AsFalse and AsIs: as smaller.
        nan_right[feature["feature_index"]] = feature["nan_value_treatment"] == "AsTrue"
    trees = []
    for tree in model["oblivious_trees"][:rounds]:
        splits = tree["splits"] or []
        index = [split["float_feature_index"] for split in splits]
        # Borders are float32 printed in decimals: the nearest float32 is the border itself.
        border = np.array([split["border"] for split in splits], dtype=np.float64).astype(np.float32)
        trees.append(
            Symmetric(
                np.array([place[i] for i in index], dtype=np.int64),
                round_down(border),
                nan_right[np.array(index, dtype=np.int64)],
                float(scale)
                * np.array(tree["leaf_values"], dtype=np.float64).reshape(2 ** len(splits), outputs),
            )
        )
    return trees, np.broadcast_to(np.asarray(base, dtype=np.float64), (outputs,)).copy()


class CatBoost:
    name = "catboost"
    title = "CatBoost (gradient boosting)"
    version = 2
    tags = Tags(recipe="trees", stoppable=True, rounds=True, extra="catboost")

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if "catboost" not in machine.installed:
            return Declines("the package catboost is not installed", INSTALL)
        if task.interpretable:
            return common.OPAQUE
        outputs = max(1, task.classes) if task.problem == "multiclass" else 1
        cost = 1.0 + outputs * (facts.rows * (facts.columns + 5) * 3e-6 + 0.5) / max(1, machine.cores) ** 0.7
        return Suits("symmetric trees: slower to fit, strong with its defaults", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        many = task.problem == "multiclass" and task.classes > 5
        base: dict[str, Any] = {
            # Half the rounds of a rate that would come out a little better alone: what is left of the time is
            # worth more. The slow one is tried when there is plenty.
            "learning_rate": 0.15 if many or facts.rows > 5_000 else 0.06,
            "depth": 6,
            "l2": 3.0,
            "noise": 1.0,
            "bagging": 0.8,
            "features": 1.0,
        }
        return Space(
            ranges={
                "learning_rate": Float(0.02, 0.3, log=True),
                "depth": Int(3, 8),
                "l2": Float(1.0, 30.0, log=True),
                "noise": Float(0.0, 10.0),
                "bagging": Float(0.5, 1.0),
                "features": Float(0.3, 1.0),
            },
            starts=(
                base,
                *([{**base, "learning_rate": 0.05}] if base["learning_rate"] > 0.1 else []),
                {**base, "depth": 8, "l2": 6.0, "features": 0.7},
                {**base, "depth": 4, "l2": 10.0},
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
        import catboost

        common.check(task, train, dense=False)
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights) if task.problem == "regression" else Scale(0.0, 1.0)
        most, exact = rounds_of(c, valid is not None)
        progress = Progress(most, exact, deadline, watch, float(c["learning_rate"]))
        name = _loss(task)
        parameters: dict[str, Any] = {
            "iterations": most,
            "loss_function": name,
            "eval_metric": name,
            "learning_rate": float(c["learning_rate"]),
            "depth": int(c["depth"]),
            "l2_leaf_reg": float(c["l2"]),
            "random_strength": float(c["noise"]),
            "bootstrap_type": "Bernoulli" if float(c["bagging"]) < 1.0 else "No",
            "rsm": float(c["features"]),
            "boosting_type": "Plain",
            "random_seed": seed % 2**31,
            "thread_count": threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
            "use_best_model": False,
        }
        if float(c["bagging"]) < 1.0:
            parameters["subsample"] = float(c["bagging"])
        seen = np.unique(train.y) if task.problem == "multiclass" else np.arange(2)
        if task.problem == "multiclass":
            parameters["classes_count"] = len(seen)
        model = catboost.CatBoost(parameters)
        try:
            model.fit(
                _pool(train, scale, task, seen),
                eval_set=None if valid is None else _pool(valid, scale, task, seen),
                callbacks=[_Callback(progress, name)],
            )
        except catboost.CatBoostError as error:
            # Constant columns or a constant target: it says so by file and line; the reason is the last part.
            reason = str(error).rsplit(": ", 1)[-1].rstrip(".")
            raise BadData(
                f"CatBoost cannot learn from these rows: {reason}",
                code="rows.refused",
                hint="look at whether any input column varies on the training rows",
            ) from error
        if not progress.curve:
            raise OutOfTime("not one tree was made before the deadline")
        progress.demand()
        return CatBoostFitted(
            model, task, scale, progress.best, common.thinned(progress.curve), progress.stopped, threads, seen
        )


class _Callback:
    def __init__(self, progress: Progress, metric: str) -> None:
        self.progress = progress
        self.metric = metric

    def after_iteration(self, info: Any) -> bool:
        def last(part: str) -> float:
            values = (info.metrics or {}).get(part, {}).get(self.metric)
            return float(values[-1]) if values else math.nan

        return not self.progress.over(int(info.iteration), last("learn"), last("validation"))


def _loss(task: Task) -> str:
    if task.problem == "binary":
        return "Logloss"
    if task.problem == "multiclass":
        return "MultiClass"
    return "MAE" if task.metric in ABSOLUTE else "RMSE"


def _pool(rows: Rows, scale: Scale, task: Task, seen: npt.NDArray[np.int64]) -> Any:
    import catboost

    x, weights = rows.x, None if rows.weights is None else common.unit_weights(rows)
    if task.problem == "regression":
        return catboost.Pool(x, label=scale.apply(rows.y), weight=weights)
    # Validation rows of a class that training never saw say nothing of when to stop.
    kept = np.flatnonzero(np.isin(rows.y, seen))
    label = np.searchsorted(seen, rows.y[kept])
    return catboost.Pool(x[kept], label=label, weight=None if weights is None else weights[kept])


FAMILY = CatBoost()
