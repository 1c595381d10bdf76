"""Records of a run on the adult census, as its stages would leave them."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import (
    BeforeAfter,
    Cleaned,
    CleanOperation,
    Collected,
    Column,
    ColumnProfile,
    Development,
    Labelled,
    Profile,
    Sealed,
    SourceFacts,
    Split,
)
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import (
    Analysis,
    Candidate,
    Compressed,
    FitRow,
    GraphCheck,
    Member,
    Relation,
    Shortlist,
    Trained,
)
from modelwright.core.records.verdict import CriterionResult, Safeguarded, Tested

NAN = float("nan")
ROWS = 48_842


def blob(kind: Any = "table", size: int = 1_000_000) -> Blob:
    return Blob(kind, "9f2c4e1b7a" * 6 + "abcd", size)


def columns() -> tuple[Column, ...]:
    missing = CleanOperation("missing", {"markers": ["?"]}, 'Read "?" as missing (2,799 cells)', 2799)
    strip = CleanOperation("strip", {}, "Strip white space at both ends (48,842 cells)", 48842)
    return (
        Column("age", "number", "input", True, (), "years", "all values are numbers"),
        Column("workclass", "category", "input", True, (strip, missing), "", "9 values in 48,842 rows"),
        Column("education", "category", "input", True, (strip,), "", "16 values"),
        Column("capital-gain", "number", "input", True, (), "", "all values are numbers"),
        Column("sex", "category", "sensitive", False, (strip,), "", "the goal names it sensitive"),
        Column("income", "category", "target", False, (strip,), "", "the goal's target"),
    )


def profiles() -> tuple[ColumnProfile, ...]:
    rng = np.random.default_rng(1)
    age = 17 + rng.gamma(3.2, 7.0, 4000)
    counts, edges = np.histogram(age, 24)
    gain, gain_edges = np.histogram(np.where(rng.random(4000) < 0.92, 0, rng.lognormal(8.5, 1, 4000)), 20)

    def numbers(v: np.ndarray) -> dict[str, float]:
        return {
            "min": float(v.min()),
            "max": float(v.max()),
            "mean": float(v.mean()),
            "q50": float(np.median(v)),
        }

    work = (
        ("Private", 33906),
        ("Self-emp-not-inc", 3862),
        ("Local-gov", 3136),
        ("State-gov", 1981),
        ("Never", 10),
    )
    return (
        ColumnProfile(
            "age",
            "number",
            "input",
            True,
            ROWS,
            0,
            74,
            numbers(age),
            (),
            tuple(map(float, edges)),
            tuple(map(int, counts)),
        ),
        ColumnProfile("workclass", "category", "input", True, ROWS - 2799, 2799, 8, {}, work),
        ColumnProfile(
            "education",
            "category",
            "input",
            True,
            ROWS,
            0,
            16,
            {},
            (("HS-grad", 15784), ("Some-college", 10878), ("Bachelors", 8025)),
        ),
        ColumnProfile(
            "capital-gain",
            "number",
            "input",
            True,
            ROWS,
            0,
            123,
            {"min": 0, "max": 99999, "mean": 1079.1, "q50": 0},
            (),
            tuple(map(float, gain_edges)),
            tuple(map(int, gain)),
        ),
        ColumnProfile(
            "sex", "category", "sensitive", False, ROWS, 0, 2, {}, (("Male", 32650), ("Female", 16192))
        ),
        ColumnProfile(
            "income", "category", "target", False, ROWS, 0, 2, {}, (("<=50K", 37155), (">50K", 11687))
        ),
    )


def leaderboard() -> tuple[FitRow, ...]:
    def row(name: str, score: float, half: float, train: float, **more: Any) -> FitRow:
        family = name.split(" ")[0]
        return FitRow(
            name,
            family,
            True,
            "",
            score=score,
            low=score - half,
            high=score + half,
            train_score=train,
            **more,
        )

    return (
        row(
            "lightgbm 12",
            0.9291,
            0.003,
            0.9512,
            fit_seconds=3.4,
            predict_us=17.2,
            size=1_402_112,
            weight=0.62,
            diagnosis="healthy",
            config={"num_leaves": 63, "learning_rate": 0.07, "rounds": 312},
        ),
        row(
            "xgboost 3",
            0.9283,
            0.003,
            0.9488,
            fit_seconds=5.1,
            predict_us=21.0,
            size=2_201_000,
            weight=0.28,
            diagnosis="healthy",
            config={"max_depth": 6, "eta": 0.1},
        ),
        row(
            "random-forest 1",
            0.9121,
            0.0035,
            0.9961,
            fit_seconds=9.7,
            predict_us=190.0,
            size=18_300_000,
            diagnosis="overfitting",
            advice="Limit the depth, or ask for more rows to a leaf.",
        ),
        row(
            "logistic 2",
            0.9064,
            0.0036,
            0.9071,
            fit_seconds=0.8,
            predict_us=3.0,
            size=24_112,
            weight=0.10,
            diagnosis="underfitting",
            advice="Add interactions, or prefer trees.",
        ),
        row(
            "mlp 1",
            0.9012,
            0.004,
            0.9101,
            fit_seconds=12.2,
            predict_us=9.0,
            size=80_000,
            status="stopped early",
        ),
        row("majority", 0.5, 0.0, 0.5, fit_seconds=0.01, predict_us=0.4, size=312, baseline=True),
        FitRow(
            "rbf-svm",
            "rbf-svm",
            False,
            "34,189 rows are too many for a kernel matrix (limit 20,000)",
            status="declined",
        ),
        FitRow(
            "catboost",
            "catboost",
            False,
            "not installed: pip install 'modelwright[catboost]'",
            status="declined",
        ),
    )


def criteria() -> tuple[CriterionResult, ...]:
    return (
        CriterionResult("roc_auc >= 0.9", 0.9284, 0.9228, 0.9337, 7327, "met", "DeLong interval"),
        CriterionResult(
            "recall >= 0.6 by sex",
            0.6123,
            0.5561,
            0.6659,
            301,
            "unproven",
            "The worst slice, sex=Female, has 301 rows of the class.",
            5200,
        ),
        CriterionResult("latency_p99 <= 20ms", 0.00041, 0.00036, 0.00052, 1000, "met"),
        CriterionResult("size <= 50MB", 3_627_224.0, NAN, NAN, 1, "met"),
    )


def records() -> dict[str, Any]:
    columns_ = columns()
    development = Development(
        blob(),
        41515,
        columns_,
        "binary",
        "income",
        ("<=50K", ">50K"),
        ">50K",
        False,
        "holdout",
        2,
        1,
        None,
        None,
    )
    member = Member(
        "lightgbm 12",
        "lightgbm",
        blob("bytes"),
        0.62,
        {},
        ("Fill missing workclass with a category of its own", "Encode education by its order of frequency"),
    )
    return {
        "define": Defined(
            "income",
            "binary",
            (("What is to be solved?", "who earns more than 50K"),),
            ("roc_auc >= 0.9", "recall >= 0.6 by sex", "latency_p99 <= 20ms", "size <= 50MB"),
            (),
        ),
        "collect": Collected(
            blob(),
            ROWS,
            tuple(c.name for c in columns_),
            (
                SourceFacts(
                    "adult.csv",
                    "csv",
                    ROWS,
                    6,
                    5_326_368,
                    "5d7c39d0" * 8,
                    details={"encoding": "utf-8", "delimiter": "comma"},
                ),
            ),
            "5d7c39d0" * 8,
            3,
            blob("text"),
            licence="CC-BY-4.0",
        ),
        "clean": Cleaned(
            blob(),
            ROWS,
            columns_,
            0,
            0,
            52,
            (
                BeforeAfter("workclass", 27, " ?", "", "missing"),
                BeforeAfter("income", 0, " <=50K", "<=50K", "strip"),
            ),
        ),
        "label": Labelled(blob(), ROWS, columns_, "binary", "income", ("<=50K", ">50K"), ">50K", False, 0, 0),
        "profile": Profile(ROWS, profiles(), {"missing": 2799.0}),
        "split": Split(
            development,
            Sealed(blob(), 7327, "ab12cd34" * 8, None, None),
            "stratified",
            {"train": 34189, "validation": 7326, "test": 7327},
            "70/15/15: 7,327 test rows give roc_auc an interval of about 0.011.",
        ),
        "analyse": Analysis(
            41515,
            (
                Relation("capital-gain", 0.21, "gini"),
                Relation("age", 0.19, "gini"),
                Relation("education", 0.17, "gini"),
                Relation("workclass", 0.03, "gini"),
            ),
        ),
        "choose": Shortlist(
            (Candidate("lightgbm", True, "suits tables"),), "roc_auc", "onnx", "Fast families first."
        ),
        "train": Trained(
            leaderboard(),
            (member,),
            member,
            (member,),
            blob("arrays"),
            "roc_auc",
            0.9297,
            31,
            41.2,
            "time",
            "lightgbm 12",
        ),
        "compress": Compressed(
            blob("bytes", 3_627_224),
            "isotonic",
            0.42,
            None,
            None,
            GraphCheck(7326, 400, 3.1e-7, 1e-5, 0, True),
            ("lightgbm 12", "xgboost 3", "logistic 2"),
            ("The threshold 0.42 gives the best f1 on validation rows.",),
        ),
        "test": Tested(criteria(), (), 1, 0.95, 7327),
        "safeguard": Safeguarded(
            ("sex",), {"selection rate": 0.18}, ("adversarial inputs", "membership inference")
        ),
    }
