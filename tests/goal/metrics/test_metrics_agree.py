"""Every metric against scikit-learn, on any rows, weighted or not."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from modelwright.core.errors import BadInput
from modelwright.goal.metrics import (
    METRICS,
    Scored,
    cost_matrix,
    default_metric,
    metric,
    metrics_for,
    nearest_metric,
)


@st.composite
def classified(draw: st.DrawFn, least: int = 2, most: int = 4) -> Scored:
    k = draw(st.integers(least, most))
    n = draw(st.integers(k, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.integers(0, k, n)
    truth[:k] = np.arange(k)
    # Rounded, so that equal scores occur.
    raw = np.round(rng.dirichlet(np.ones(k), n) + np.eye(k)[truth] * draw(st.floats(0, 2)), 1) + 0.01
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    weights = rng.uniform(0.1, 3, n) if draw(st.booleans()) else None
    names = tuple("abcd"[:k])
    labels = probabilities.argmax(axis=1).astype(np.int64)
    return Scored(
        truth.astype(np.int64),
        labels,
        probabilities,
        None,
        weights,
        names,
        1 if k == 2 else None,
        rng.random((k, k)),
    )


@st.composite
def regressed(draw: st.DrawFn) -> Scored:
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.normal(draw(st.floats(-100, 100)), 1, n)
    said = truth + rng.normal(0, draw(st.floats(0.01, 3)), n)
    return Scored(truth, values=said, weights=rng.uniform(0.1, 3, n) if draw(st.booleans()) else None)


def same(name: str, scored: Scored, expected: float, **choice: object) -> None:
    assert metric(name).compute(scored, **choice) == pytest.approx(expected, rel=1e-9, abs=1e-9)  # type: ignore[arg-type]


@given(classified())
@settings(deadline=None, max_examples=60)
def test_label_metrics_agree_with_scikit_learn(s: Scored) -> None:
    t, y, w = s.truth, s.labels, s.weights
    same("accuracy", s, sk.accuracy_score(t, y, sample_weight=w))
    same("balanced_accuracy", s, sk.balanced_accuracy_score(t, y, sample_weight=w))
    same("mcc", s, sk.matthews_corrcoef(t, y, sample_weight=w))
    functions = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    for name, function in functions.items():
        for average in ("macro", "micro", "weighted"):
            expected = function(t, y, average=average, sample_weight=w, zero_division=0)
            same(name, s, expected, average=average)
        for code, value in enumerate(
            function(t, y, average=None, sample_weight=w, zero_division=0, labels=range(len(s.classes)))
        ):
            same(name, s, value, for_class=code)
        if s.positive is not None:
            same(name, s, function(t, y, pos_label=1, sample_weight=w, zero_division=0))
    for code in range(len(s.classes)):
        same("specificity", s, sk.recall_score(t != code, y != code, sample_weight=w), for_class=code)
    assert s.costs is not None
    same("cost", s, float(np.average(s.costs[t.astype(int), y], weights=w)))


@given(classified())
@settings(deadline=None, max_examples=60)
def test_probability_metrics_agree_with_scikit_learn(s: Scored) -> None:
    t, p, w = s.truth, s.probabilities, s.weights
    assert p is not None
    same("log_loss", s, sk.log_loss(t, p, sample_weight=w))
    for code in range(len(s.classes)):
        same("roc_auc", s, sk.roc_auc_score(t == code, p[:, code], sample_weight=w), for_class=code)
        same("pr_auc", s, sk.average_precision_score(t == code, p[:, code], sample_weight=w), for_class=code)
    if s.positive is not None:
        same("roc_auc", s, sk.roc_auc_score(t, p[:, 1], sample_weight=w))
        same("brier", s, sk.brier_score_loss(t, p[:, 1], sample_weight=w))
    else:
        for average in ("macro", "weighted"):
            expected = sk.roc_auc_score(t, p, multi_class="ovr", average=average, sample_weight=w)
            same("roc_auc", s, expected, average=average)
        same("brier", s, sk.brier_score_loss(t, p, sample_weight=w, labels=range(len(s.classes))))
        hot = np.eye(len(s.classes))[t.astype(int)]
        same("pr_auc", s, sk.average_precision_score(hot, p, average="macro", sample_weight=w))


@given(regressed())
@settings(deadline=None, max_examples=60)
def test_number_metrics_agree_with_scikit_learn(s: Scored) -> None:
    t, v, w = s.truth, s.values, s.weights
    assert v is not None
    same("mse", s, sk.mean_squared_error(t, v, sample_weight=w))
    same("rmse", s, sk.root_mean_squared_error(t, v, sample_weight=w))
    same("mae", s, sk.mean_absolute_error(t, v, sample_weight=w))
    same("mape", s, sk.mean_absolute_percentage_error(t, v, sample_weight=w))
    same("pinball", s, sk.mean_pinball_loss(t, v, sample_weight=w))
    same("smape", s, float(np.average(2 * np.abs(t - v) / (np.abs(t) + np.abs(v)), weights=w)))
    if w is None:
        same("median_ae", s, sk.median_absolute_error(t, v))
    assert metric("r2").compute(s) == pytest.approx(sk.r2_score(t, v, sample_weight=w), rel=1e-7, abs=1e-7)
    expected = sk.explained_variance_score(t, v, sample_weight=w)
    assert metric("explained_variance").compute(s) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_influence_is_the_derivative_by_a_rows_weight(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    truth = np.r_[0, 1, 2, rng.integers(0, 3, n - 3)].astype(np.int64)
    p = rng.dirichlet(np.ones(3), n) + np.eye(3)[truth] * 0.3
    p /= p.sum(axis=1, keepdims=True)
    w = rng.uniform(0.5, 2, n)
    y = rng.normal(size=n)
    labels = rng.permutation(np.r_[0, 1, 2, p.argmax(axis=1)[3:]]).astype(np.int64)

    def batch(weights: np.ndarray, kind: str) -> Scored:
        if kind == "regression":
            return Scored(y, values=y * 0.5 + np.sin(np.arange(n)), weights=weights)
        return Scored(truth, labels, p, None, weights, ("a", "b", "c"), None, np.arange(9.0).reshape(3, 3))

    for kind in ("multiclass", "regression"):
        for spec in metrics_for(kind):
            if spec.name == "median_ae":  # a step function of the weights; its influence is by density
                continue
            for choice in [
                {},
                *({"average": a} for a in spec.averages),
                *([{"for_class": 1}] if spec.takes_class else []),
            ]:
                influence = spec.of(batch(w, kind), **choice).influence()
                assert abs(influence.sum()) < 1e-7
                for row in (0, 7, 31):
                    up, down = w.copy(), w.copy()
                    up[row] += 1e-5
                    down[row] -= 1e-5
                    slope = (
                        spec.compute(batch(up, kind), **choice) - spec.compute(batch(down, kind), **choice)
                    ) / 2e-5
                    assert influence[row] == pytest.approx(slope * w[row], rel=1e-3, abs=1e-6), (
                        spec.name,
                        choice,
                    )


def test_ece_by_hand() -> None:
    # Ten rows said 0.75, of which six are right; ten said 0.25, of which two are.
    p = np.r_[np.full(10, 0.75), np.full(10, 0.25)]
    truth = np.r_[np.ones(6), np.zeros(4), np.ones(2), np.zeros(8)].astype(np.int64)
    s = Scored(truth, (p > 0.5).astype(np.int64), np.c_[1 - p, p], classes=("n", "y"), positive=1)
    assert metric("ece").compute(s) == pytest.approx((10 * 0.15 + 10 * 0.05) / 20)


def test_what_rows_do_not_define_is_nan_with_the_reason() -> None:
    zeros = np.zeros(5, dtype=np.int64)
    p = np.tile([0.6, 0.4], (5, 1))
    s = Scored(zeros, zeros, p, classes=("no", "yes"), positive=1)
    assert math.isnan(metric("recall").compute(s))
    assert metric("recall").of(s).why == "no row is of class 'yes'"
    assert math.isnan(metric("roc_auc").compute(s))
    assert metric("precision").of(s).why == "no row was predicted as 'yes'"
    assert math.isnan(metric("r2").compute(Scored(np.ones(4), values=np.arange(4.0))))


def test_precision_of_a_class_never_predicted_is_zero() -> None:
    s = Scored(np.array([0, 1, 1]), np.zeros(3, dtype=np.int64), classes=("no", "yes"), positive=1)
    assert metric("precision").compute(s) == 0.0


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("roc-auc", "roc_auc"),
        ("AUC", "roc_auc"),
        ("logloss", "log_loss"),
        ("recal", "recall"),
        ("RMSE", "rmse"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(wrong: str, right: str) -> None:
    assert nearest_metric(wrong) == right
    with pytest.raises(BadInput) as caught:
        metric(wrong)
    assert caught.value.code == "metric.unknown"
    assert right in caught.value.hint


def test_a_name_like_nothing_lists_what_there_is() -> None:
    with pytest.raises(BadInput) as caught:
        metric("zzzzzz")
    assert "accuracy" in caught.value.hint


def test_the_card_of_every_metric_is_filled() -> None:
    for name, spec in METRICS.items():
        assert spec.name == name
        assert spec.docs.endswith(".")
        assert (spec.form is None) == (spec.needs == "resource")
    assert {default_metric(p).name for p in ("binary", "multiclass", "regression")} == {
        "roc_auc",
        "log_loss",
        "rmse",
    }


def test_resources_are_not_computed_from_rows() -> None:
    with pytest.raises(ValueError, match="measured by running"):
        metric("size").compute(Scored(np.zeros(2)))


def test_missing_answers_are_refused() -> None:
    for name in ("accuracy", "log_loss", "rmse"):
        with pytest.raises(ValueError, match="needs predicted"):
            metric(name).compute(Scored(np.zeros(2, dtype=np.int64)))


def test_costs_by_name() -> None:
    matrix = cost_matrix((("yes", (("no", 5.0),)),), ("no", "yes"))
    assert matrix.tolist() == [[0.0, 0.0], [5.0, 0.0]]
    with pytest.raises(KeyError):
        cost_matrix((("maybe", (("no", 5.0),)),), ("no", "yes"))


def test_perfect_labels_give_no_warning() -> None:
    labels = np.array([0, 1, 2, 2])
    s = Scored(labels, labels, classes=("a", "b", "c"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metric("f1").compute(s) == 1.0
        assert metric("mcc").compute(s) == 1.0


def test_take_keeps_rows_together() -> None:
    s = Scored(np.arange(4) % 2, np.arange(4) % 2, weights=np.arange(4.0), classes=("a", "b"), positive=1)
    part = s.take(np.array([True, False, True, False]))
    assert len(part) == 2
    assert part.weights is not None
    assert part.weights.tolist() == [0.0, 2.0]
    assert part.positive == 1
