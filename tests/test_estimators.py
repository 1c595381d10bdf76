"""``Classifier`` and ``Regressor``: scikit-learn's own checks, and what they do not look at."""

from __future__ import annotations

import copy
import doctest
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

import modelwright as mw
from modelwright import estimators
from modelwright.core.errors import BadInput

RNG_SEED = 7


def table(rows: int = 90, seed: int = RNG_SEED) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Mixed columns (a number with gaps, categories, dates), classes and values that follow from them."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=rows)
    city = rng.choice(["Oslo", "Bergen", "Bodø"], rows)
    day = [datetime(2024, 1, 1 + int(d)) for d in rng.integers(0, 28, rows)]  # noqa: DTZ001 (as files have them)
    score = size + 1.5 * (city == "Oslo") + 0.2 * rng.normal(size=rows)
    known = [None if k % 11 == 3 else float(v) for k, v in enumerate(size)]
    frame = pl.DataFrame({"size": known, "city": city.tolist(), "day": day})
    return frame, np.where(score > 0.5, "yes", "no"), score


def quick(**more: Any) -> mw.Classifier:
    return mw.Classifier(trials=1, families=["logistic"], **more)


# scikit-learn's checks fit each estimator some seventy times, a whole small lifecycle each time.
@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [quick(), mw.Regressor(trials=1, families=["ridge"])],
    ids=lambda e: type(e).__name__,
)
def test_check_estimator(estimator: Any) -> None:
    results = check_estimator(estimator, on_fail="raise", on_skip=None)
    assert len(results) > 50
    assert [r["check_name"] for r in results if r["status"] == "skipped"] in ([], ["check_array_api_input"])
    assert not [r for r in results if r["status"] in ("failed", "xfail")]


@pytest.mark.parametrize("make", [pl.DataFrame, lambda f: f.to_pandas()], ids=["polars", "pandas"])
def test_frames_of_any_columns(make: Callable[[pl.DataFrame], Any]) -> None:
    frame, y, _ = table()
    X = make(frame)
    fitted = quick().fit(X, y)
    assert fitted.score(X, y) > 0.85
    assert list(fitted.feature_names_in_) == ["size", "city", "day"]
    assert fitted.classes_.tolist() == ["no", "yes"]
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(X[["city", "size", "day"]])
    worse = pd.DataFrame({"size": [np.inf], "city": ["Oslo"], "day": [X["day"][0]]})
    with pytest.raises(ValueError, match="infinity"):
        fitted.predict(worse)


@pytest.fixture(scope="module")
def fitted() -> mw.Classifier:
    """A classifier of :func:`table`. Tests must not change it."""
    frame, y, _ = table()
    return quick().fit(frame, y)


def test_the_bundle_is_the_model(fitted: mw.Classifier, tmp_path: Path) -> None:
    frame = table()[0]
    folder = fitted.save(tmp_path / "bundle")
    model = mw.load(folder)
    expected = model.predict_proba(frame)
    np.testing.assert_allclose(fitted.predict_proba(frame), expected, atol=2e-7)
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["verdict"] == "unproven", "nothing was tested"
    assert manifest["forced"] is True
    assert manifest["test"]["rows"] == 0
    with pytest.raises(BadInput, match="holds something already"):
        fitted.save(folder)


def test_state_is_plain_data(fitted: mw.Classifier) -> None:
    frame = table()[0]

    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(plain(v) for v in value.values())
        if isinstance(value, list | tuple):
            return all(plain(v) for v in value)
        return isinstance(value, str | bytes | int | float | bool | type(None) | np.ndarray | np.generic)

    assert plain(fitted.__getstate__())
    again = copy.deepcopy(fitted)
    np.testing.assert_array_equal(again.predict_proba(frame), fitted.predict_proba(frame))


@pytest.mark.slow  # two fits, a whole small lifecycle each
def test_whole_weights_are_rows_given_again() -> None:
    rng = np.random.default_rng(RNG_SEED)
    X, weights = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    y = (X[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int)
    weighted = quick().fit(X, y, sample_weight=weights).predict_proba(X)
    rows = np.repeat(np.arange(60), weights)
    repeated = quick().fit(X[rows], y[rows]).predict_proba(X)
    np.testing.assert_array_equal(weighted, repeated)


@pytest.mark.slow  # two fits, a whole small lifecycle each
def test_weights_that_are_no_counts_shift_the_answer() -> None:
    rng = np.random.default_rng(RNG_SEED)
    X = rng.normal(size=(200, 2))
    y = rng.integers(0, 2, 200)
    even = quick().fit(X, y).predict_proba(X)[:, 1].mean()
    heavy = quick().fit(X, y, sample_weight=np.where(y == 1, 3.5, 0.5)).predict_proba(X)[:, 1].mean()
    assert abs(even - 0.5) < 0.1
    assert heavy > 0.8


@pytest.mark.slow  # four fits, a whole small lifecycle each
def test_the_order_of_rows_does_not_matter() -> None:
    frame, y, value = table()
    order = np.random.default_rng(1).permutation(frame.height)
    for estimator, target in ((quick(), y), (mw.Regressor(trials=1, families=["ridge"]), value)):
        first = estimator.fit(frame, target).predict(frame)
        second = estimator.fit(frame[order], target[order]).predict(frame)
        np.testing.assert_array_equal(first, second)


def test_regressor_beats_the_mean() -> None:
    frame, _, value = table()
    fitted = mw.Regressor(trials=1, families=["ridge"]).fit(frame, value)
    assert fitted.score(frame, value) > 0.7
    board = fitted.leaderboard_
    assert "ridge-1" in board["name"]
    assert "mean-1" in board["name"]


def test_a_baseline_in_place_of_a_model_is_warned_of() -> None:
    frame, y, _ = table(30)
    with pytest.warns(ConvergenceWarning, match="only a baseline was fitted"):
        fitted = mw.Classifier(trials=1, families=["majority"]).fit(frame, y)
    assert len(set(fitted.predict(frame))) == 1


def test_the_run_can_be_kept(tmp_path: Path) -> None:
    frame, y, _ = table()
    X = frame.to_pandas()
    quick(runs=tmp_path / "runs").fit(X, y)
    (run,) = (p for p in (tmp_path / "runs").iterdir() if p.name.startswith("classifier-"))
    assert json.loads((run / "verdict.json").read_text())["verdict"] == "unproven"
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"families": ["logisitc"]}, "did you mean 'logistic'"),
        ({"budget": "soon"}, "budget"),
        ({"trials": 0}, "trials"),
        ({"success": ["accuracy is good"]}, "success"),
        ({"columns": {"x9": "number"}}, "there is no column 'x9'"),
    ],
)
def test_bad_parameters_are_value_errors(change: dict[str, Any], words: str) -> None:
    X = np.arange(40.0).reshape(20, 2)
    with pytest.raises(ValueError, match=words):
        mw.Classifier(**{"trials": 1, "families": ["logistic"], **change}).fit(X, np.arange(20) % 2)


def test_data_that_cannot_be_learned_from_is_a_value_error() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match="1 class"):
        quick().fit(X, np.zeros(20))
    with pytest.raises(ValueError, match="one row only"):
        quick().fit(X, ["a"] * 19 + ["b"])
    with pytest.raises(ValueError, match="not negative"):
        quick().fit(X, np.arange(20) % 2, sample_weight=np.full(20, -1.0))
    with pytest.raises(ValueError, match="one value only"):
        mw.Regressor(trials=1, families=["ridge"]).fit(X, np.full(20, 3.0))


@pytest.mark.slow  # two fits on real tables
def test_examples_run() -> None:
    found = doctest.testmod(estimators)
    assert found.attempted >= 6
    assert found.failed == 0
