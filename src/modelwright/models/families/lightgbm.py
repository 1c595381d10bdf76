"""LightGBM: gradient boosting over histograms (Ke et al., NeurIPS 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.trees import Tree, Trees, round_down
from modelwright.models.families import common
from modelwright.models.families.boosting import ABSOLUTE, Progress, answer, link, rounds_of
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import (
    Choice,
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
    import lightgbm as lgb


@dataclass(slots=True)
class LightGBMFitted:
    booster: lgb.Booster
    task: Task
    scale: Scale
    rounds: int
    curve: Curve
    stopped: str
    threads: int

    def predict(self, x: Matrix) -> Values:
        raw = self.booster.predict(
            x, raw_score=True, num_iteration=self.rounds, num_threads=self.threads, validate_features=False
        )
        return answer(self.task, np.asarray(raw, dtype=np.float64), self.scale)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        text = self.booster.model_to_string(num_iteration=self.rounds)
        outputs = self.task.classes if self.task.problem == "multiclass" else 1
        trees = from_text(text, outputs)
        return Trees.of(
            trees,
            outputs,
            link=link(self.task),
            scale=self.scale.deviation,
            offset=self.scale.mean,
        ).to_graph(graph, x)


def from_text(text: str, outputs: int) -> list[Tree]:
    """The trees in LightGBM's own model text (no linear leaves, no splits on sets)."""
    trees: list[Tree] = []
    for number, block in enumerate(text.split("\nTree=")[1:]):
        lines = dict(line.split("=", 1) for line in block.split("\n\n")[0].splitlines() if "=" in line)

        def numbers(key: str, dtype: str, lines: dict[str, str] = lines) -> np.ndarray[Any, Any]:
            return np.array(lines[key].split(), dtype=dtype) if lines.get(key) else np.zeros(0, dtype=dtype)

        value = numbers("leaf_value", "float64")
        inner = int(lines["num_leaves"]) - 1
        kind = numbers("decision_type", "int64")
        if np.any(kind & 1):
            raise ValueError("a split on a set of categories cannot be written as a comparison")
        threshold = numbers("threshold", "float64")
        missing = (kind >> 2) & 3
        # 0: no NaN was seen in training, and one counts as 0.0; 2: NaN has a side of its own.
        nan_left = np.where(missing == 2, (kind & 2) > 0, threshold >= 0.0)

        def place(child: np.ndarray[Any, Any], inner: int = inner) -> np.ndarray[Any, Any]:
            return np.where(child >= 0, child, inner + ~child)

        leaves = np.zeros(inner + 1, dtype=np.int64)
        trees.append(
            Tree(
                feature=np.concatenate([numbers("split_feature", "int64"), leaves - 1]),
                threshold=np.concatenate([round_down(threshold), leaves.astype(np.float32)]),
                left=np.concatenate([place(numbers("left_child", "int64")), leaves]),
                right=np.concatenate([place(numbers("right_child", "int64")), leaves]),
                nan_left=np.concatenate([nan_left, leaves > 0]),
                value=np.concatenate([np.zeros(inner), value])[:, None],
                output=number % outputs,
            )
        )
    return trees


class LightGBM:
    name = "lightgbm"
    title = "LightGBM (gradient boosting)"
    version = 1
    tags = Tags(recipe="trees", stoppable=True, rounds=True)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        outputs = max(1, task.classes) if task.problem == "multiclass" else 1
        cells = facts.rows * (facts.columns + 5)
        cost = 0.1 + outputs * (cells * 1.5e-6 + 0.3) / max(1, machine.cores) ** 0.7
        return Suits(
            f"strong on tables of this size ({common.problem_line(task, facts)}), "
            "takes missing values as they are",
            cost,
        )

    def space(self, task: Task, facts: DataFacts) -> Space:
        small = max(2, min(20, facts.rows // 50))
        many = task.problem == "multiclass" and task.classes > 10
        base: dict[str, Any] = {
            "learning_rate": 0.1 if many else 0.05,
            "leaves": 31,
            "min_rows": small,
            "features": 0.9,
            "bagging": 1.0,
            "l1": 0.0,
            "l2": 0.0,
            "smooth": 0.0,
            "extra": False,
            "bins": 255,
        }
        return Space(
            ranges={
                "learning_rate": Float(0.01, 0.2, log=True),
                "leaves": Int(4, 255, log=True),
                "min_rows": Int(2, max(4, min(200, facts.rows // 10)), log=True),
                "features": Float(0.3, 1.0),
                "bagging": Float(0.5, 1.0),
                "l1": Float(0.0, 5.0),
                "l2": Float(0.0, 20.0),
                "smooth": Float(0.0, 20.0),
                "extra": Choice((False, True)),
                "bins": Choice((63, 127, 255)),
            },
            starts=(
                base,
                # AutoGluon's second: random thresholds, less variance.
                {**base, "extra": True},
                # Few leaves and much regularisation, for noisy targets.
                {
                    **base,
                    "leaves": 10,
                    "min_rows": max(4, min(60, facts.rows // 20)),
                    "features": 0.5,
                    "bagging": 0.8,
                    "l2": 5.0,
                },
                # AutoGluon's "large": big trees, slow steps.
                {
                    **base,
                    "learning_rate": base["learning_rate"] * 0.6,
                    "leaves": 128,
                    "min_rows": max(2, min(5, small)),
                },
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
        """``config["rounds"]`` fits exactly that many trees an output; otherwise early stopping on ``valid``.
        Loss: log loss, squared error, or absolute error where the goal's metric is one."""
        common.check(task, train, dense=False)
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights) if task.problem == "regression" else Scale(0.0, 1.0)
        params = _params(task, c, seed, threads, train.x.shape)
        data = _data(train, scale, task, params)
        import lightgbm as lgb  # a second to import, and the parent only asks what suits

        booster = lgb.Booster(params, data)
        if valid is not None:
            booster.add_valid(_data(valid, scale, task, params, reference=data), "valid")
        most, exact = rounds_of(c, valid is not None)
        progress = Progress(most, exact, deadline, watch, float(c["learning_rate"]))
        for step in range(1, most + 1):
            done = booster.update()
            at = float("nan")
            if valid is not None:
                at = booster.eval_valid()[0][2]
            before = booster.eval_train()[0][2] if progress.wants_train(step) else float("nan")
            if progress.over(step, before, at) or done:
                break
        progress.demand()
        return LightGBMFitted(
            booster,
            task,
            scale,
            min(progress.best, booster.current_iteration()),
            common.thinned(progress.curve),
            progress.stopped,
            threads,
        )


def _params(task: Task, c: dict[str, Any], seed: int, threads: int, shape: tuple[int, ...]) -> dict[str, Any]:
    objective: dict[str, Any]
    if task.problem == "binary":
        objective = {"objective": "binary", "metric": "binary_logloss"}
    elif task.problem == "multiclass":
        objective = {"objective": "multiclass", "num_class": task.classes, "metric": "multi_logloss"}
    elif task.metric in ABSOLUTE:
        objective = {"objective": "l1", "metric": "l1"}
    else:
        objective = {"objective": "l2", "metric": "l2"}
    return {
        **objective,
        "learning_rate": float(c["learning_rate"]),
        "num_leaves": int(c["leaves"]),
        "min_data_in_leaf": int(c["min_rows"]),
        "feature_fraction": float(c["features"]),
        "bagging_fraction": float(c["bagging"]),
        "bagging_freq": 1 if float(c["bagging"]) < 1.0 else 0,
        "lambda_l1": float(c["l1"]),
        "lambda_l2": float(c["l2"]),
        "path_smooth": float(c["smooth"]),
        "extra_trees": bool(c["extra"]),
        "max_bin": int(c["bins"]),
        "seed": seed % 2**31,
        "num_threads": threads,
        "verbosity": -1,
        "deterministic": True,
        # One layout, always: choosing it by timing would make two runs differ.
        "force_row_wise": shape[1] <= 100,
        "force_col_wise": shape[1] > 100,
        "feature_pre_filter": False,
        "enable_bundle": True,
    }


def _data(
    rows: Rows, scale: Scale, task: Task, params: dict[str, Any], reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    import lightgbm as lgb

    return lgb.Dataset(
        rows.x,
        label=scale.apply(rows.y) if task.problem == "regression" else rows.y,
        weight=None if rows.weights is None else common.unit_weights(rows),
        reference=reference,
        params=params,
        # Codes are ordered by frequency and read as numbers: see docs/decisions/0005-trees-in-the-graph.md.
        categorical_feature=[],
        free_raw_data=True,
    )


FAMILY = LightGBM()
