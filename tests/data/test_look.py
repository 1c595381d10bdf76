"""A data set looked at without a goal, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.cli.main import call


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": [str(k) for k in rng.integers(18, 90, 300)],
            "city": rng.choice(["Rome", "rome", "Oslo", "Lyon"], 300),
            "joined": ["2021-03-04", "2022-01-09", ""] * 100,
            "note": [f"<b>nothing</b> more to say of number {k} & co" for k in range(300)],
        }
    )
    frame.write_csv(tmp_path / "people.csv")
    return tmp_path / "people.csv"


def test_columns_are_told(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["data", "profile", str(table)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("300 rows, 4 columns")
    assert any(line.startswith("  joined: date, 2 different, 33.3% missing; 2021-03-04") for line in said)


def test_json_and_page(table: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert call(["data", "profile", str(table), "--json", "--page", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 300
    kinds = {column["name"]: column["kind"] for column in found["columns"]}
    assert kinds == {"age": "number", "city": "category", "joined": "date", "note": "text"}
    city = next(column for column in found["columns"] if column["name"] == "city")
    assert city["distinct"] == 3
    assert city["cleaning"]
    text = page.read_text(encoding="utf-8")
    assert "<b>nothing</b>" not in text  # what a table holds never becomes part of the page
    assert text.count("<figure") == 3


def test_a_source_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["data", "profile", str(tmp_path / "none.csv")]) != 0
    assert "none.csv" in capsys.readouterr().err
