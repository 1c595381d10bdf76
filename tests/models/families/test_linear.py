"""The linear families find what independent solvers find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn import linear_model, naive_bayes, svm

from modelwright.models.families import FAMILIES, common, linear, margin
from modelwright.models.family import Deadline, ProblemKind, Rows, Task
from modelwright.testing.families import learnable, task_of


def fit(name: str, problem: ProblemKind, rows: Rows, config: dict[str, Any]) -> Any:
    family = FAMILIES.get(name)
    return family.fit(task_of(problem), rows, None, config, seed=0, threads=1, deadline=Deadline())


def weighted(problem: ProblemKind, n: int = 500) -> Rows:
    rows = learnable(problem, "dense", n)
    weights = np.random.default_rng(5).uniform(0.2, 3.0, n)
    return Rows(rows.x, rows.y, weights / weights.mean(), rows.names)


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
@pytest.mark.parametrize("c", [0.05, 1.0, 30.0])
def test_logistic_is_scikit_learns(problem: ProblemKind, c: float) -> None:
    rows = weighted(problem)
    ours = fit("logistic", problem, rows, {"c": c}).predict(rows.x)
    model = linear_model.LogisticRegression(C=c, tol=1e-8, max_iter=5000)
    theirs = model.fit(rows.x.astype(np.float64), rows.y, sample_weight=rows.weights).predict_proba(rows.x)
    np.testing.assert_allclose(ours, theirs, atol=5e-3)
    assert common.loss(task_of(problem), rows.y, ours, rows.weights) == pytest.approx(
        common.loss(task_of(problem), rows.y, theirs, rows.weights), abs=2e-4
    )


def test_ridge_is_scikit_learns() -> None:
    rows = weighted("regression")
    for alpha in (0.01, 1.0, 100.0):
        ours = fit("ridge", "regression", rows, {"alpha": alpha}).predict(rows.x)[:, 0]
        model = linear_model.Ridge(alpha=alpha).fit(rows.x.astype(np.float64), rows.y, rows.weights)
        np.testing.assert_allclose(ours, model.predict(rows.x), rtol=1e-4)


def test_elastic_net_is_scikit_learns_for_numbers() -> None:
    rows = weighted("regression")
    weights = common.unit_weights(rows)
    scale = common.Scale.of(rows.y, weights)
    x, y = rows.x.astype(np.float64), scale.apply(rows.y)
    # Ours is given as a share of the penalty that leaves nothing; theirs as the penalty.
    centred = x - np.average(x, axis=0, weights=weights)
    most = np.abs((weights * (y - np.average(y, weights=weights))) @ centred).max() / weights.sum()
    for strength, ratio in ((0.1, 0.5), (0.02, 0.9), (0.3, 1.0)):
        ours = fit("elastic_net", "regression", rows, {"strength": strength, "l1_ratio": ratio})
        model = linear_model.ElasticNet(
            alpha=strength * most / ratio, l1_ratio=ratio, tol=1e-8, max_iter=10**5
        )
        model.fit(x, y, sample_weight=weights)
        np.testing.assert_allclose(ours.weights[:, 0], model.coef_, atol=2e-3)
        np.testing.assert_array_equal(ours.weights[:, 0] == 0, np.abs(model.coef_) < 1e-10)


@pytest.mark.filterwarnings("ignore:.*sag_solver.*")
def test_elastic_net_is_scikit_learns_for_classes() -> None:
    rows = learnable("binary", "dense", 400)
    ours = fit("elastic_net", "binary", rows, {"strength": 0.05, "l1_ratio": 0.7})
    x = rows.x.astype(np.float64)
    most = np.abs((rows.y - rows.y.mean()) @ (x - x.mean(axis=0))).max() / len(x)
    penalty = 0.05 * most / 0.7
    model = linear_model.LogisticRegression(
        C=1 / (penalty * len(x)), l1_ratio=0.7, solver="saga", tol=1e-7, max_iter=20_000, random_state=0
    )
    theirs = model.fit(x, rows.y).predict_proba(x)
    np.testing.assert_allclose(ours.predict(rows.x), theirs, atol=3e-3)


def test_an_elastic_net_at_full_strength_is_empty() -> None:
    for problem in ("binary", "multiclass", "regression"):
        rows = learnable(problem, "dense", 300)  # type: ignore[arg-type]
        fitted = fit("elastic_net", problem, rows, {"strength": 1.001, "l1_ratio": 1.0})  # type: ignore[arg-type]
        assert not fitted.weights.any()


def test_naive_bayes_is_scikit_learns() -> None:
    rows = weighted("multiclass")
    largest = float(rows.x.astype(np.float64).var(axis=0).max())
    model = naive_bayes.GaussianNB(var_smoothing=0.05).fit(rows.x.astype(np.float64), rows.y)
    plain = Rows(rows.x, rows.y)
    assert largest > 0
    ours = fit("naive_bayes", "multiclass", plain, {"floor": 0.05}).predict(rows.x)
    np.testing.assert_allclose(ours, model.predict_proba(rows.x), atol=1e-6)


def test_the_linear_machine_is_liblinears() -> None:
    rows = learnable("binary", "dense", 500)
    x = rows.x.astype(np.float64)
    solved = linear.solve(
        x,
        1,
        margin.hinge(task_of("binary"), rows.y, np.ones(500)),
        1.0 / (0.1 * 500),
        deadline=Deadline(),
        watch=lambda *_: False,
    )
    # The other solver also shrinks the bias, unless it is scaled far away from the penalty.
    theirs = svm.LinearSVC(C=0.1, dual=False, tol=1e-9, intercept_scaling=100.0).fit(x, rows.y)
    np.testing.assert_allclose(
        (x @ solved.weights)[:, 0] + solved.bias, theirs.decision_function(x), atol=1e-2
    )


@pytest.mark.parametrize(
    "which", ["log binary", "log multiclass", "hinge binary", "hinge multiclass", "tube"]
)
def test_gradients(which: str) -> None:
    rng = np.random.default_rng(0)
    problem = which.split()[-1]
    weights = rng.uniform(0.5, 2.0, 7)
    task = Task("multiclass" if problem == "multiclass" else "binary", 3, "log_loss")
    outputs = 3 if problem == "multiclass" else 1
    y = rng.integers(0, max(2, outputs), 7)
    if which == "tube":
        loss = margin.tube(rng.normal(size=7), weights, 0.1)
    else:
        loss = (linear.log_loss if which.startswith("log") else margin.hinge)(task, y, weights)
    at = rng.normal(size=7 * outputs)
    error = check_grad(
        lambda s: loss(s.reshape(7, outputs))[0], lambda s: loss(s.reshape(7, outputs))[1].ravel(), at
    )
    assert error < 1e-5


def test_platts_scaling_finds_the_slope_that_made_the_labels() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20_000, 1))
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(2.0 * scores[:, 0] - 0.5)))).astype(np.int64)
    slope, shift = margin.platt(task_of("binary"), scores, y, np.ones(20_000))
    assert slope == pytest.approx(2.0, abs=0.1)
    assert shift[0] == pytest.approx(-0.5, abs=0.1)


def test_machines_give_calibrated_probabilities() -> None:
    rows, other = learnable("binary", "dense", 800), learnable("binary", "dense", 4000, seed=9)
    for name in ("linear_svm", "rbf_svm"):
        p = fit(name, "binary", rows, {}).predict(other.x)[:, 1]
        assert p.mean() == pytest.approx(other.y.mean(), abs=0.04)
        sure = p > 0.9
        assert other.y[sure].mean() > 0.85
