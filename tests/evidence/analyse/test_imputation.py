"""Ways of filling in missing numbers, where it is known which is best."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Collected
from modelwright.core.records.evidence import Finding, Table
from modelwright.data.clean.stage import clean
from modelwright.data.label import label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse import imputation
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.analyse.fill import FILLS, Scaled
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SplitSection, SuccessSection


def compared(frame: pl.DataFrame, seconds: float = 60.0) -> tuple[dict[str, Table], list[Finding]]:
    raw = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    collected = Collected(Blob.of(raw, "table"), frame.height, tuple(frame.columns), (), "")
    problem, roles, success = ProblemSection("t", target="y"), RolesSection(), SuccessSection()
    labelled = label(
        problem, roles, success, clean(CleanSection(), roles, problem, collected, Book()), Book()
    )
    parts = split(SplitSection(), roles, problem, success, labelled, 0, Book())
    book = Book()
    imputation.compare(Facts(parts.development, profile(labelled, Book()), roles, success), seconds, book)
    tables = {e.code: e for e in book.items if isinstance(e, Table)}
    return tables, [e for e in book.items if isinstance(e, Finding)]


def answers(table: Table) -> dict[tuple[str, str], str]:
    return {(str(row[0]).split()[0], str(row[1])): str(row[-1]) for row in table.rows}


def rows(n: int = 800) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    a = rng.normal(size=n)
    return rng, a, a + 0.6 * rng.normal(size=n)


def test_a_column_that_follows_another_is_best_filled_from_it() -> None:
    rng, a, b = rows()
    y = b + 0.1 * rng.normal(size=800)
    gone = rng.random(800) < 0.4
    tables, findings = compared(
        pl.DataFrame({"a": a, "b": pl.Series(np.where(gone, np.nan, b)).fill_nan(None), "y": y})
    )
    told = answers(tables["analyse.imputation"])
    assert told["straight", "median, marked"] == told["boosted", "left missing"] == "what is done"
    assert told["straight", "regression, marked"] == "proven better"
    assert [f.code for f in findings] == ["analyse.imputation"]
    hidden = {(str(r[0]), str(r[1])): r for r in tables["analyse.imputation-hidden"].rows}
    assert hidden["regression", "at random"][3] < 0.7 * hidden["median", "at random"][3]  # type: ignore[operator]
    assert "nearer" in str(hidden["regression", "at random"][4])


def test_where_missing_tells_the_target_a_fill_without_a_mark_is_worse() -> None:
    rng, a, _ = rows()
    gone = rng.random(800) < 0.4
    y = np.where(gone ^ (rng.random(800) < 0.1), "yes", "no")
    frame = pl.DataFrame(
        {"a": a, "b": pl.Series(np.where(gone, np.nan, rng.normal(size=800))).fill_nan(None), "y": y}
    )
    tables, findings = compared(frame)
    told = answers(tables["analyse.imputation"])
    assert told["straight", "median"] == "proven worse"
    assert findings == []
    assert "No other way is proven better" in tables["analyse.imputation"].note


def test_cells_that_are_missing_because_of_another_column_are_hidden_likewise() -> None:
    rng, a, b = rows()
    gone = rng.random(800) < 1 / (1 + np.exp(-3 * a))
    frame = pl.DataFrame(
        {"a": a, "b": pl.Series(np.where(gone, np.nan, b)).fill_nan(None), "y": a + rng.normal(size=800)}
    )
    tables, _ = compared(frame)
    table = tables["analyse.imputation-hidden"]
    assert {row[1] for row in table.rows} == {"at random", "as they are missing"}
    assert "b by a" in table.note


def test_it_says_why_nothing_was_compared() -> None:
    rng, a, b = rows()
    y = a + rng.normal(size=800)
    gone = pl.Series(np.where(rng.random(800) < 0.4, np.nan, b)).fill_nan(None)
    for frame, seconds, why in (
        (pl.DataFrame({"a": a, "b": b, "y": y}), 60.0, "no input of numbers is missing"),
        (pl.DataFrame({"a": a, "b": gone, "y": y}), 10.0, "budget"),
        (pl.DataFrame({"a": a, "b": gone, "y": y}).head(100), 60.0, "under 300 rows"),
    ):
        tables, findings = compared(frame, seconds)
        assert why in str(tables["analyse.imputation"].rows[0][1])
        assert findings == []


def test_every_way_fills_every_hole_and_changes_nothing_else() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    z = Scaled.of(rows).apply(rows)
    for fill in FILLS.values():
        made = fill(z[:40], z[40:])
        assert not np.isnan(made).any()
        known = ~np.isnan(z[40:])
        assert np.abs(made[known] - z[40:][known]).max() == 0
