"""How far a quick model gets, in cross-validation: what a threshold can be built on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column, Development
from modelwright.data.label import TARGET
from modelwright.evidence.analyse.matrix import matrix
from modelwright.goal.metrics import metric
from modelwright.goal.metrics.scored import Scored

ROWS = 5_000
"""A sample is enough for a threshold, and ``new`` answers in seconds."""
FOLDS = 3
ROUNDS, LEAST_ROUNDS = 120, 20
"""Of boosting: shared among the classes, each of which costs a tree a round."""
LINEAR_ROWS = 2_000
"""Beyond these boosting is nearly always the better quick model, and the linear one the slower."""
SALT = 0x9E3


@dataclass(frozen=True, slots=True)
class Quick:
    metric: str
    baseline: float
    """Of guessing the commonest class or the mean."""
    score: float
    """Out of fold, of the better quick model."""
    model: str
    rows: int


def quick(development: Development, name: str, seed: int) -> Quick:
    """The cross-validated value of metric ``name`` (higher is better) of two quick models, and of guessing.

    Development rows only; groups share a fold.
    """
    frame: pl.DataFrame = development.table.get()
    rng = np.random.default_rng([SALT, seed])
    if frame.height > ROWS:
        frame = frame[np.sort(rng.choice(frame.height, ROWS, replace=False))]
    fold = _folds(frame, development.group, rng)
    y = frame[TARGET].to_numpy()
    inputs = [c for c in development.columns if c.is_input]
    baseline = _score(development, name, y, _guess(development, y, fold))
    tries = {"gradient boosting": _boosting(development, frame, inputs, y, fold, seed)}
    if frame.height <= LINEAR_ROWS:
        tries["a linear model"] = _linear(development, frame, inputs, y, fold)
    scores = {model: _score(development, name, y, made) for model, made in tries.items()}
    best = max(scores, key=lambda m: scores[m])
    return Quick(name, baseline, scores[best], best, frame.height)


def _folds(frame: pl.DataFrame, group: str | None, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    from modelwright.data.split.draw import deal
    from modelwright.data.split.units import groups, renumber

    of = groups(frame, group)
    units = np.arange(frame.height) if of is None else renumber(of)
    strata = frame[TARGET].to_numpy().astype(np.int64)
    regression = frame[TARGET].dtype == pl.Float64
    return deal(units, np.zeros_like(strata) if regression else strata, FOLDS, rng)


def _score(development: Development, name: str, y: npt.NDArray[np.generic], made: np.ndarray) -> float:
    if development.problem == "regression":
        scored = Scored(truth=y.astype(np.float64), values=made[:, 0])
    else:
        scored = Scored(
            truth=y.astype(np.int64),
            labels=made.argmax(axis=1).astype(np.int64),
            probabilities=made,
            classes=development.classes,
            positive=1 if development.problem == "binary" else None,
        )
    return metric(name).compute(scored)


def _guess(development: Development, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    k = max(1, len(development.classes))
    made = np.zeros((len(y), k))
    for f in range(FOLDS):
        learn = y[fold != f]
        made[fold == f] = (
            learn.mean()
            if development.problem == "regression"
            else np.bincount(learn, minlength=k) / len(learn)
        )
    return made


def _boosting(
    development: Development,
    frame: pl.DataFrame,
    inputs: list[Column],
    y: np.ndarray,
    fold: np.ndarray,
    seed: int,
) -> np.ndarray:
    table, named = matrix(frame, inputs)
    k = len(development.classes)
    objective = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[
        development.problem
    ]
    parameters: dict[str, object] = {
        "objective": objective, "learning_rate": 0.07, "num_leaves": 15, "min_data_in_leaf": 10,
        "verbose": -1, "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1,
        "min_data_per_group": 10,
    }  # fmt: skip
    if k > 2:
        parameters["num_class"] = k
    rounds = max(LEAST_ROUNDS, ROUNDS * 2 // max(2, k))
    made = np.zeros((len(y), max(1, k)))
    for f in range(FOLDS):
        learn, judge = fold != f, fold == f
        data = lightgbm.Dataset(
            table[learn], y[learn].astype(float), categorical_feature=named or "auto", free_raw_data=True
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = np.asarray(lightgbm.train(parameters, data, rounds).predict(table[judge]))
        made[judge] = (
            np.column_stack([1 - answer, answer]) if k == 2 else answer.reshape(int(judge.sum()), -1)
        )
    return made


def _linear(
    development: Development, frame: pl.DataFrame, inputs: list[Column], y: np.ndarray, fold: np.ndarray
) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression, Ridge

    table, named = matrix(frame, inputs)
    parts = []
    for place in range(table.shape[1]):
        values = table[:, place]
        if place in named:
            parts.append((values[:, None] == np.arange(20)[None]).astype(float))
        else:
            there = np.isfinite(values)
            middle = float(values[there].mean()) if there.any() else 0.0
            spread = float(values[there].std()) if there.any() else 0.0
            parts.append(np.where(there, (values - middle) / (spread or 1.0), 0.0)[:, None])
    x = np.column_stack(parts)
    k = len(development.classes)
    made = np.zeros((len(y), max(1, k)))
    for f in range(FOLDS):
        learn, judge = fold != f, fold == f
        with warnings.catch_warnings():
            # An unconverged linear model is still a fair quick look.
            warnings.simplefilter("ignore")
            if k:
                model = LogisticRegression(max_iter=300).fit(x[learn], y[learn])
                made[np.ix_(judge, model.classes_.astype(int))] = model.predict_proba(x[judge])
            else:
                made[judge, 0] = Ridge().fit(x[learn], y[learn]).predict(x[judge])
    return made
