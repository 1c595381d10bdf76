"""Proposed goals: files that pass ``check`` as they stand."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from modelwright.core.errors import BadInput
from modelwright.goal.goal import Goal
from modelwright.lifecycle.check import check_goal
from modelwright.lifecycle.new import propose_goal

TABLES = {
    "titanic": ("tabular_binary/titanic/titanic.csv", "Survived"),
    "telco": ("tabular_binary/telco_churn/Telco-Customer-Churn.csv", None),
    "penguins": ("tabular_multiclass/penguins/penguins.csv", "species"),
    "wine": ("tabular_multiclass/wine_quality_white/winequality-white.csv", None),
    "bike": ("tabular_regression/bike_sharing/bike_sharing.csv", "cnt"),
    "salaries": ("dirty/employee_salaries/employee_salaries.csv", "current_annual_salary"),
    "turnout": ("dirty/off_year_turnout_xlsx/off-year-turnout-2023.xlsx", None),
}


@pytest.mark.slow  # reads a real table and fits a quick model to it, twice
@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_proposed_goal_can_be_proven_as_it_stands(name: str, shared_data: Path, tmp_path: Path) -> None:
    path, target = TABLES[name]
    made = propose_goal(str(tmp_path / name), str(shared_data / path), target)
    goal = Goal.load(made)
    found = check_goal(goal)
    assert found["provable"], found["criteria"]
    assert found["blockers"] == []
    assert goal.sections.success.criteria
    if target is not None:
        assert goal.sections.problem.target == target


@pytest.fixture
def folder(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(shared_data / "tabular_multiclass" / "penguins" / "penguins.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_relative_to_the_goal_file(folder: Path) -> None:
    (folder / "goals").mkdir()
    made = propose_goal("goals/birds.yaml", "penguins.csv", "species")
    assert made == Path("goals/birds.yaml")
    goal = Goal.load(made)
    assert goal.name == "birds"
    assert "source: ../penguins.csv" in made.read_text(encoding="utf-8")
    assert check_goal(goal)["rows"] == 344


def test_a_goal_file_is_never_overwritten_unasked(folder: Path) -> None:
    first = propose_goal("birds", "penguins.csv", "species")
    first.write_text("mine")
    with pytest.raises(BadInput, match=r"birds\.yaml exists already"):
        propose_goal("birds", "penguins.csv", "species")
    assert first.read_text() == "mine"
    propose_goal("birds", "penguins.csv", "species", force=True)
    assert "target: species" in first.read_text(encoding="utf-8")


def test_what_cannot_be_predicted_writes_nothing(folder: Path) -> None:
    with pytest.raises(BadInput, match="there is no column 'wings'"):
        propose_goal("birds", "penguins.csv", "wings")
    assert not (folder / "birds.yaml").exists()


def test_a_query(folder: Path) -> None:
    with sqlite3.connect(folder / "shop.sqlite") as connection:
        connection.execute("create table sale (day integer, price real, kind text)")
        connection.executemany(
            "insert into sale values (?, ?, ?)",
            [(k % 28, 3.0 * (k % 28) + k % 5, "ab"[k % 2]) for k in range(120)],
        )
    connection.close()
    made = propose_goal("sales", "shop.sqlite", "price", "select * from sale")
    goal = Goal.load(made)
    assert goal.sections.source.query == "select * from sale"
    assert check_goal(goal)["problem"] == "regression"
