"""The stage on whole tables, and its limits on real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Collected
from modelwright.core.records.evidence import Figure, Finding, Table
from modelwright.core.records.models import Analysis
from modelwright.core.stage import Work
from modelwright.data.clean.stage import clean
from modelwright.data.label import label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse.bins import bins_of
from modelwright.evidence.analyse.check import CHECKS
from modelwright.evidence.analyse.stage import analyse
from modelwright.evidence.analyse.strength import strength
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SplitSection, SuccessSection


def run(frame: pl.DataFrame, target: str, accept: dict[str, str] | None = None) -> tuple[Analysis, Book]:
    raw = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    collected = Collected(Blob.of(raw, "table"), frame.height, tuple(frame.columns), (), "")
    problem, roles, success = ProblemSection("t", target=target), RolesSection(), SuccessSection()
    labelled = label(
        problem, roles, success, clean(CleanSection(), roles, problem, collected, Book()), Book()
    )
    parts = split(SplitSection(), roles, problem, success, labelled, 0, Book())
    book = Book(accept)
    return analyse(roles, success, parts.development, profile(labelled, Book()), 0, Work(Path()), book), book


def findings(book: Book) -> list[Finding]:
    return [i for i in book.items if isinstance(i, Finding)]


def made() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 800)
    columns = {f"noise{i}": rng.normal(size=800).round(4).astype(str) for i in range(3)}
    more = {f"tail{i}": np.exp(2.5 * rng.normal(size=800)).round(4).astype(str) for i in range(5)}
    return pl.DataFrame({**columns, **more, "copy": y.astype(str), "y": np.where(y == 1, "yes", "no")})


def test_strengths_figures_checks_and_findings() -> None:
    analysis, book = run(made(), "y")
    assert analysis.relations[0].column == "copy"
    assert analysis.relations[0].score == pytest.approx(1.0)
    assert all(r.score < 0.15 for r in analysis.relations[1:])
    table = next(i for i in book.items if isinstance(i, Table))
    assert [row[0] for row in table.rows] == CHECKS.names()
    assert "relations" in {i.code for i in book.items if isinstance(i, Figure)}
    blockers = [f for f in findings(book) if f.severity == "blocker"]
    assert [(f.code, f.column) for f in blockers] == [("leak.golden-feature", "copy")]


def test_many_notes_of_one_check_are_one_note() -> None:
    _, book = run(made(), "y")
    tails = [f for f in findings(book) if f.code == "analyse.heavy-tails"]
    assert len(tails) == 1
    assert tails[0].numbers == {"columns": 5.0}
    assert all(f"'tail{i}'" in tails[0].message for i in range(5))


def test_the_goal_accepts_a_finding_for_one_column() -> None:
    _, book = run(made(), "y", {"leak.golden-feature:copy": "it is known"})
    assert [f.accepted for f in findings(book) if f.code == "leak.golden-feature"] == ["it is known"]
    assert not any(f.blocks for f in findings(book))


def test_the_same_rows_give_the_same_evidence() -> None:
    assert run(made(), "y")[1].items == run(made(), "y")[1].items


def test_strength_is_the_area_under_the_curve_of_the_binned_scores() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 8, 3000).astype(float), np.zeros(3000)
    y[:] = rng.random(3000) < 0.1 + 0.1 * x
    folds = np.arange(3000) % 3
    found = strength(bins_of(pl.Series(x), "number"), y, folds, 3, 2)
    scores = np.zeros(3000)
    for fold in range(3):
        learn = folds != fold
        prior = (y[learn].sum() + 0.5) / (learn.sum() + 1)
        for value in range(8):
            rows = learn & (x == value)
            scores[(folds == fold) & (x == value)] = (y[rows].sum() + prior) / (rows.sum() + 1)
    assert found.score == pytest.approx(2 * roc_auc_score(y, scores) - 1)


def test_a_straight_line_is_found_beyond_the_bins() -> None:
    x = np.random.default_rng(2).normal(size=500)
    found = strength(bins_of(pl.Series(x), "number", most=4), 3 * x - 1, np.arange(500) % 5, 5, 0)
    assert found.score > 0.999


REAL = [
    ("tabular_binary/titanic/titanic.csv", "Survived", {}, {}),
    ("tabular_binary/adult_census/adult-train.csv", "column_14", {"has_header": False}, {}),
    ("tabular_binary/bank_marketing/bank-additional.csv", "y", {"separator": ";"}, {}),
    ("tabular_multiclass/penguins/penguins.csv", "species", {}, {}),
    ("tabular_regression/diamonds/diamonds.csv", "price", {}, {}),
    ("tabular_regression/california_housing/housing.csv", "median_house_value", {}, {}),
    (
        "tabular_regression/bike_sharing/bike_sharing.csv",
        "cnt",
        {},
        {"leak.golden-feature": {"registered"}, "leak.parts": {"casual", "registered"}},
    ),
    (
        "fairness/compas/compas-scores-two-years.csv",
        "two_year_recid",
        {},
        {
            "leak.golden-feature": {"is_recid", "r_charge_degree", "r_charge_desc", "r_offense_date"},
            "leak.known-afterwards": {
                "r_charge_degree",
                "r_charge_desc",
                "r_offense_date",
                "r_days_from_arrest",
                "r_jail_in",
                "r_jail_out",
                "vr_charge_degree",
                "vr_charge_desc",
                "vr_offense_date",
            },
        },
    ),
]


@pytest.mark.parametrize(("path", "target", "options", "leaks"), REAL, ids=[r[0].split("/")[1] for r in REAL])
def test_leaks_of_real_tables(
    shared_data: Path, path: str, target: str, options: dict[str, object], leaks: dict[str, set[str]]
) -> None:
    frame = pl.read_csv(shared_data / path, infer_schema=False, **options)  # type: ignore[arg-type]
    if options.get("has_header") is False:
        frame.columns = [f"column_{i}" for i in range(frame.width)]
    _, book = run(frame, target)
    found: dict[str, set[str]] = {}
    for finding in findings(book):
        if finding.severity == "blocker":
            found.setdefault(finding.code, set()).add(str(finding.column))
    assert found == leaks


def test_the_subregion_of_countries_gives_the_region_away(shared_data: Path) -> None:
    countries = json.loads(
        (shared_data / "dirty/countries_json_xml/countries.json").read_text(encoding="utf-8")
    )
    names = ("landlocked", "area", "subregion", "region")
    frame = pl.DataFrame({name: [str(c[name]) for c in countries] for name in names})
    _, book = run(frame, "region")
    blockers = [(f.code, f.column) for f in findings(book) if f.severity == "blocker"]
    assert blockers == [("leak.golden-feature", "subregion")]


def test_flowers_and_tumours_are_measured_and_not_leaked() -> None:
    from sklearn import datasets

    for load in (datasets.load_iris, datasets.load_breast_cancer, datasets.load_wine):
        bunch = load()
        names = [str(n) for n in bunch.feature_names]
        frame = pl.DataFrame(bunch.data, schema=names).with_columns(y=bunch.target).cast(pl.String)
        _, book = run(frame, "y")
        assert [f for f in findings(book) if f.severity == "blocker"] == []
