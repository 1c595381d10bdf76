"""The tables: the shared ones by name, or any CSV. A table is split the same way for every system.

A fifth of each table's rows is held for the test: stratified for classes, plain for numbers, by the seed.
 Columns that are no inputs (ids) are left out for everyone; rows of classes with fewer than ten rows too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from sklearn.model_selection import train_test_split

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TEST = 0.2
MOST = 50_000
"""Rows of a table that take part; the first rows after a seeded shuffle."""
Problem = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Table:
    name: str
    path: Path
    target: str
    problem: Problem
    header: bool = True
    leave_out: tuple[str, ...] = ()
    positive: str | None = None

    @property
    def metric(self) -> str:
        return {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[self.problem]


def shared() -> dict[str, Table]:
    """The tables of the shared data that are plain tables of independent rows."""
    binary, several, numbers = "tabular_binary", "tabular_multiclass", "tabular_regression"
    tables = [
        Table("adult", SHARED / binary / "adult_census", "column_14", "binary", False, positive=">50K"),
        Table(
            "telco_churn", SHARED / binary / "telco_churn", "Churn", "binary", True, ("customerID",), "Yes"
        ),
        Table("bank", SHARED / binary / "bank_marketing", "y", "binary", True, ("duration",), "yes"),
        Table("german_credit", SHARED / binary / "german_credit", "credit_risk", "binary", positive="1"),
        Table("titanic", SHARED / binary / "titanic", "Survived", "binary", True, ("PassengerId",), "1"),
        Table("letter", SHARED / several / "letter_recognition", "lettr", "multiclass"),
        Table("wine", SHARED / several / "wine_quality_white", "column_11", "multiclass", False),
        Table("dry_bean", SHARED / several / "dry_bean", "Class", "multiclass"),
        Table("california", SHARED / numbers / "california_housing", "median_house_value", "regression"),
        Table("diamonds", SHARED / numbers / "diamonds", "price", "regression"),
        Table("ames", SHARED / numbers / "ames_housing", "price", "regression"),
        Table("bike", SHARED / numbers / "bike_sharing", "cnt", "regression", True, ("casual", "registered")),
    ]
    return {table.name: table for table in tables}


def _files(table: Table) -> list[Path]:
    if table.path.is_file():
        return [table.path]
    return sorted(p for p in table.path.iterdir() if p.suffix in (".csv", ".xlsx"))


def rows(table: Table) -> pl.DataFrame:
    """All rows, every value as the text of the file (numbers of a workbook as written)."""
    frames = []
    for path in _files(table):
        if path.suffix == ".xlsx":
            frames.append(pl.read_excel(path).cast(pl.String))
        else:
            with path.open(encoding="utf-8", errors="replace") as file:
                first = file.readline()
            frames.append(
                pl.read_csv(
                    path,
                    has_header=table.header,
                    separator=";" if first.count(";") > first.count(",") else ",",
                    infer_schema=False,
                    encoding="utf8-lossy",
                )
            )
    frame = pl.concat(frames)
    frame = frame.with_columns(pl.all().str.strip_chars())
    frame = frame.with_columns(
        pl.col(table.target).str.strip_suffix(".")
    )  # adult's test file ends classes so
    frame = frame.filter(pl.col(table.target).is_not_null() & (pl.col(table.target) != ""))
    frame = frame.drop([name for name in table.leave_out if name in frame.columns])
    if table.problem != "regression":
        counts = frame[table.target].value_counts()
        kept = counts.filter(pl.col("count") >= 10)[table.target].to_list()
        frame = frame.filter(pl.col(table.target).is_in(kept))
    return frame


def split(table: Table, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Training and test rows of one seed, in random order."""
    frame = rows(table)
    place = np.random.default_rng(seed).permutation(frame.height)[:MOST]
    labels = frame[table.target].to_numpy()[place] if table.problem != "regression" else None
    train, test = train_test_split(place, test_size=TEST, random_state=seed, stratify=labels)
    return frame[train], frame[test]
