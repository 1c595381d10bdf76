"""``Classifier`` and ``Regressor``: the whole lifecycle behind scikit-learn's interface.

``fit`` carries out a run without test rows: all of ``X`` is learned from, candidates are compared on held-out
parts of it, and what comes out is the bundle that a run would release, kept as bytes in the estimator. A
verdict needs test rows, so an estimator has none: use :func:`modelwright.run` for that.
"""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from modelwright.core.errors import BadInput
from modelwright.goal.goal import Goal
from modelwright.lifecycle.run import Run, start
from modelwright.runtime import Model
from modelwright.runtime.bundle import MANIFEST, Bundle
from modelwright.store import atomic

INLINE_CELLS = 20_000
"""With at most this many cells, and a budget of trials alone, fits run in this process: starting workers
would take longer than the work."""
MOST_REPEATS = 4
"""Whole weights are taken as counts of equal rows as long as there are at most this many times the rows."""
TARGET, WEIGHT = "target", "sample_weight"


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both have in common: the parameters, the run, the bundle in memory."""

    def __init__(
        self,
        *,
        budget: str | None = None,
        trials: int | None = None,
        families: Sequence[str] | None = None,
        success: Sequence[str] | None = None,
        columns: Mapping[str, Any] | None = None,
        interpretable: bool = False,
        cores: int | None = None,
        seed: int = 0,
        runs: str | Path | None = None,
    ) -> None:
        self.budget = budget
        self.trials = trials
        self.families = families
        self.success = success
        self.columns = columns
        self.interpretable = interpretable
        self.cores = cores
        self.seed = seed
        self.runs = runs

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def save(self, folder: str | Path) -> Path:
        """Write the bundle to ``folder``, for ``modelwright.load``, ``modelwright predict`` or the runtime.

        Its ``model.json`` says what it is: a model without a test. Raises :class:`BadInput` where the folder
        holds something already.
        """
        check_is_fitted(self)
        path = Path(folder)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise BadInput(
                f"{path} holds something already", code="bundle.exists", hint="name another folder"
            )
        for name in sorted(self.bundle_, key=lambda n: n == MANIFEST):
            atomic.write_bytes(path / name, self.bundle_[name])
        return path

    @property
    def model_(self) -> Model:
        """The model as the runtime has it."""
        check_is_fitted(self)
        model: Model = self._model
        return model

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and bytes; the open graph is made again by ``__setstate__``."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_model", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "bundle_" in self.__dict__:
            self._open()

    def _open(self) -> None:
        files = {name: content for name, content in self.bundle_.items() if name != MANIFEST}
        manifest = json.loads(self.bundle_[MANIFEST])
        self._model = Model(Bundle(type(self).__name__, manifest, files, "not signed"))

    def _learn(self, X: Any, y: npt.NDArray[Any], weights: Any, problem: str) -> None:
        """Fit on columns ``X`` with a target that is settled."""
        frame, kinds = _columns(X, self._names(X))
        n = len(y)
        weights = _weights(weights, n)
        rows, left = _order(frame, y, weights, self.seed)
        table = {name: values[rows] for name, values in frame.items()}
        target = _free(TARGET, table)
        table[target] = y[rows]
        data: dict[str, Any] = {"source": _frame(table), "target": target}
        if left is not None:
            data["weight"] = weight = _free(WEIGHT, table)
            data["source"] = _frame({**table, weight: left[rows]})
        wished = {**kinds, **{str(k): v for k, v in (self.columns or {}).items()}}
        if problem != "regression":
            wished[target] = {"kind": "category"}
        if wished:
            data["columns"] = wished
        goal = self._goal(data, problem)
        inline = self.budget is None and len(rows) * max(1, len(frame)) <= INLINE_CELLS
        if self.runs is not None:
            self._carry_out(goal, Path(self.runs), inline)
            return
        with tempfile.TemporaryDirectory(prefix="modelwright-") as folder, atomic.passing():
            self._carry_out(goal, Path(folder), inline)

    def _carry_out(self, goal: Goal, folder: Path, inline: bool) -> None:
        """A run without test rows can only be released by force; its bundle says so."""
        run = start(
            goal, folder, started_at=time.monotonic(), force_release=True, report=False, inline=inline
        )
        self._keep(run)

    def _goal(self, data: dict[str, Any], problem: str) -> Goal:
        search: dict[str, Any] = {"interpretable": bool(self.interpretable)}
        if self.trials is not None:
            search["trials"] = self.trials
        if self.families is not None:
            search["families"] = list(self.families)
        budget: dict[str, Any] = {}
        if self.budget is not None:
            budget["time"] = self.budget
        if self.cores is not None:
            budget["cores"] = self.cores
        return Goal(
            name=type(self).__name__.lower(),
            problem=problem,
            data=data,
            split={"test": 0},
            success=list(self.success) if self.success else None,
            search=search,
            budget=budget or None,
            clean={"duplicates": "keep"},
            seed=self.seed,
        )

    def _keep(self, run: Run) -> None:
        if run.bundle is None:
            assert run.released is not None
            raise RuntimeError(f"nothing usable came out: {run.released.reason}")
        self.bundle_ = {path.name: path.read_bytes() for path in sorted(run.bundle.iterdir())}
        board = run.leaderboard
        self.leaderboard_ = {name: board[name].to_list() for name in board.columns}
        if not board.filter(~board["baseline"] & (board["weight"] > 0)).height:
            warnings.warn(
                "only a baseline was fitted, and is what predicts: allow more time or trials, or name quick "
                "families; leaderboard_ says why of each",
                ConvergenceWarning,
                stacklevel=4,
            )
        self._open()

    def _names(self, X: Any) -> list[str]:
        if hasattr(self, "feature_names_in_"):
            return [str(name) for name in self.feature_names_in_]
        return [f"x{k}" for k in range(int(self.n_features_in_))]

    def _checked(self, X: Any, **options: Any) -> Any:
        """``X`` as scikit-learn checks it. A frame keeps its columns, of whatever kinds; anything else has
        to be numbers."""
        if _is_frame(X):
            made = validate_data(self, X, skip_check_array=True, **options)
            frame = made[0] if isinstance(made, tuple) else made
            if len(frame) < 1 or frame.shape[1] < 1:
                raise ValueError(
                    f"Found array with {len(frame)} sample(s) and {frame.shape[1]} feature(s) (shape="
                    f"{tuple(frame.shape)}) while a minimum of 1 is required."
                )
            _finite(frame)
            return frame
        made = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", accept_sparse=False,
            ensure_min_samples=1, **options,
        )  # fmt: skip
        return made[0] if isinstance(made, tuple) else made

    def _answers(self, X: Any) -> dict[str, npt.NDArray[Any]]:
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        frame, _ = _columns(X, self._names(X))
        return self.model_.predict_all({name: _runtime(values) for name, values in frame.items()})


class Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Carries a classifier through search, calibration, ensemble and export, on all of ``X``.

    Parameters, all of them by name: ``budget`` (time, such as "60s") and ``trials`` (work), whichever ends
    first, five minutes with neither; ``families`` to consider; ``success``, criteria that the threshold is
    settled for; ``columns``, kinds of columns; ``interpretable``; ``cores``; ``seed``; ``runs``, a folder in
    which the run is kept (otherwise it is temporary).

    ``X`` is a frame with columns of any kind, or an array of numbers [n, features]; NaN is missing. Whole
    ``sample_weight`` count equal rows, others weigh them. The order of rows does not matter.

    After ``fit``: ``classes_``, ``n_features_in_``, ``feature_names_in_`` (for frames), ``leaderboard_``
    (columns by name), ``bundle_`` (the released files by name), ``model_`` (the runtime's model).

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> Classifier(trials=1, families=["logistic"]).fit(X, y).score(X, y) > 0.9
    True
    """

    classes_: npt.NDArray[Any]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from ``X`` [n, features], ``y`` [n] and, where given, ``sample_weight`` [n] (not negative).

        Raises ``ValueError`` for what cannot be learned from: fewer than two classes, a class with one row.
        """
        X, y = _pair(self, X, y)
        check_classification_targets(y)
        weights = _weights(sample_weight, len(y))
        there = y if weights is None else y[weights > 0]
        classes = np.unique(there)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of at least two classes; the data has {len(classes)} class"
                f"{'es' if len(classes) != 1 else ''}."
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        present = np.isin(self.classes_, classes)
        problem = "binary" if int(present.sum()) == 2 else "multiclass"
        names = np.array([f"{k}" for k in range(len(self.classes_))], dtype=object)
        try:
            self._learn(X, names[codes], weights, problem)
        except BadInput as error:
            raise ValueError(str(error)) from error
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The class of each row [n], of the type of ``y``."""
        made = self._answers(X)
        return self.classes_[made["prediction"].astype(np.int64)]

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """float64 [n, classes], calibrated, columns in the order of ``classes_``; rows sum to one."""
        made = self._answers(X)
        found = made["probabilities"].astype(np.float64)
        result = np.zeros((len(found), len(self.classes_)))
        result[:, [int(name) for name in self.model_.classes]] = found
        result /= result.sum(axis=1, keepdims=True)
        return result


class Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """Carries a regressor through search, ensemble and export, on all of ``X``.

    Parameters and attributes are those of :class:`Classifier`, without classes.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> Regressor(trials=1, families=["ridge"]).fit(X, y).score(X, y) > 0.4
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from ``X`` [n, features], numbers ``y`` [n] and, where given, ``sample_weight`` [n].

        Raises ``ValueError`` for what cannot be learned from, such as a target with one value only.
        """
        X, y = _pair(self, X, y, numeric=True)
        weights = _weights(sample_weight, len(y))
        try:
            self._learn(X, y.astype(np.float64), weights, "regression")
        except BadInput as error:
            raise ValueError(str(error)) from error
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """The value of each row, float64 [n]."""
        return self._answers(X)["prediction"].astype(np.float64)


def _pair(estimator: _Estimator, X: Any, y: Any, numeric: bool = False) -> tuple[Any, npt.NDArray[Any]]:
    """``X`` and ``y`` of one length, checked as scikit-learn checks them."""
    from sklearn.utils.validation import _check_y, check_consistent_length  # its own pieces of check_X_y

    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    X = estimator._checked(X, reset=True)
    y = _check_y(y, multi_output=False, y_numeric=numeric, estimator=estimator)
    check_consistent_length(X, y)
    n = len(y)
    if n < 4:
        raise ValueError(f"{n} sample{'s' if n > 1 else ''} (n_samples={n}) is too few to learn from.")
    return X, y


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and hasattr(X, "shape") and not hasattr(X, "tocsr")


def _finite(frame: Any) -> None:
    """Raise ``ValueError`` for an infinite number, as scikit-learn does for arrays."""
    for name in frame.columns:
        column = frame[name]
        if getattr(getattr(column, "dtype", None), "kind", "") == "f" or str(column.dtype).startswith(
            "Float"
        ):
            values = np.asarray(column.to_numpy(), dtype=np.float64)
            if np.isinf(values).any():
                raise ValueError(f"Input X contains infinity in the column {str(name)!r}.")


def _columns(X: Any, names: list[str]) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Columns by name, and the kinds that need no guessing: an array's columns are numbers."""
    if not _is_frame(X):
        return {name: X[:, k] for k, name in enumerate(names)}, {name: {"kind": "number"} for name in names}
    from modelwright.data.read.frame import to_polars

    frame, _ = to_polars(X)
    found: dict[str, npt.NDArray[Any]] = {}
    kinds: dict[str, Any] = {}
    for name, series in zip(names, frame.get_columns(), strict=True):
        if series.dtype.is_numeric():
            found[name] = series.cast(float).fill_null(float("nan")).to_numpy()
            kinds[name] = {"kind": "number"}
        else:
            values = np.empty(len(series), dtype=object)
            values[:] = series.to_list()
            found[name] = values
    return found, kinds


def _frame(table: dict[str, npt.NDArray[Any]]) -> Any:
    import polars as pl

    return pl.DataFrame(
        [
            pl.Series(name, values.tolist() if values.dtype == object else values, nan_to_null=True)
            for name, values in table.items()
        ]
    )


def _runtime(values: npt.NDArray[Any]) -> Any:
    return values.tolist() if values.dtype == object else values


def _free(name: str, table: Mapping[str, Any]) -> str:
    while name in table:
        name += "_"
    return name


def _weights(weights: Any, n: int) -> npt.NDArray[np.float64] | None:
    """float64 [n], or None where all are one. Raises ``ValueError``."""
    if weights is None:
        return None
    made = column_or_1d(np.asarray(weights, dtype=np.float64), warn=False)
    if made.shape != (n,):
        raise ValueError(f"sample_weight has shape {made.shape}; expected ({n},).")
    if not np.isfinite(made).all() or (made < 0).any():
        raise ValueError("sample_weight must be finite and not negative.")
    if not made.any():
        raise ValueError("sample_weight is zero for every row: no class or value is left to learn.")
    return None if (made == 1.0).all() else made


def _order(
    frame: dict[str, npt.NDArray[Any]],
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64] | None,
    seed: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    """Which rows are learned from, in an order that the order given does not change, and their weights.

    Rows without weight are left out. Whole weights repeat their rows, so that a weight of two is the same
    as giving the row twice, unless that would make very many of them; then weights stay weights.
    """
    n = len(y)
    rows = np.arange(n)
    if weights is not None:
        rows = rows[weights > 0]
        whole = bool((weights == weights.round()).all())
        if whole and weights.sum() <= MOST_REPEATS * n:
            rows, weights = np.repeat(rows, weights[rows].astype(np.int64)), None
    keys = [_ranks(values[rows]) for values in (*frame.values(), y)]
    if weights is not None:
        keys.append(_ranks(weights[rows]))
    sorted_rows = rows[np.lexsort(keys)]
    return sorted_rows[np.random.default_rng(seed).permutation(len(sorted_rows))], weights


def _ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """int64 [n]: the place of each value among the distinct ones, NaN last; equal values are equal."""
    if values.dtype == object:
        values = np.array([f"{type(v).__name__}:{v!s}" for v in values], dtype=np.str_)
    result: npt.NDArray[np.int64] = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return result
