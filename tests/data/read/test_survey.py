"""Survey exports with two header rows, by hand and real."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl

from modelwright.data.read import batches, read

EXPORT = """Id,Age,,,Which do you eat?,,Rate,,Town
,young,old,older,fish,meat,sea,land,Response
1,young,,,fish,meat,3,2,X
2,,old,,,,,1,Y
3,,,older,,meat,1,,
4,young,,,,,2,2,X
"""


def test_questions_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(EXPORT)
    made = read(str(path))
    assert made.frame.rows(named=True)[0] == {
        "Id": "1", "Age": "young", "Which do you eat?: fish": "yes", "Which do you eat?: meat": "yes",
        "Rate: sea": "3", "Rate: land": "2", "Town": "X",
    }  # fmt: skip
    assert made.frame["Age"].to_list() == ["young", "old", "older", "young"]
    assert made.frame["Which do you eat?: fish"].to_list() == ["yes", "", "no", ""]
    assert made.said[0].code == "collect.survey"
    assert made.facts.rows == 4
    assert made.notes == ()


def test_new_rows_are_read_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(EXPORT)
    old = read(str(path))
    plan = json.loads(json.dumps(old.plan))
    path.write_text("\n".join(EXPORT.splitlines()[:3]) + "\n9,,,older,,,,,Z\n")
    made = pl.concat([batch.frame for batch in batches(str(path), 10, plan)])
    assert made.columns == old.frame.columns
    assert made["Age"].to_list() == ["young", "older"]
    old.frame.write_csv(path)  # a table that already has the columns is taken as it is
    assert pl.concat([batch.frame for batch in batches(str(path), 10, plan)]).columns == old.frame.columns


def test_columns_without_a_name_are_no_survey(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("a,,,b\nx,y,z,w\nx,k,l,w\nu,y,m,w\nv,y,z,w\n")
    made = read(str(path))
    assert made.frame.columns == ["a", "c1", "c2", "b"]
    assert made.frame.height == 4
    assert made.plan is None


def test_midwest(shared_data: Path) -> None:
    made = read(str(shared_data / "dirty/midwest_survey_raw/MIDWEST.csv")).frame
    assert made.shape == (2778, 29)
    states = [name for name in made.columns if name.startswith("Which of the following states")]
    assert len(states) == 20
    region, age = "Location (Census Region)", "Age"
    with (shared_data / "dirty/midwest_survey_clean/midwest_survey.csv").open(encoding="latin-1") as file:
        clean = {row["RespondentID"].partition(".")[0]: row for row in csv.DictReader(file)}
    found = {row["RespondentID"]: row for row in made.rows(named=True)}
    same = [key for key in clean if key in found]
    assert len(same) > 2400
    assert all(found[key][region] == clean[key]["Census_Region"] for key in same)
    assert {row[age] for row in found.values()} == {"", "18-29", "30-44", "45-60", "> 60"}


def test_star_wars(shared_data: Path) -> None:
    made = read(str(shared_data / "dirty/star_wars_survey_raw/StarWars.csv"))
    assert made.frame.shape == (1186, 38)
    assert made.facts.details["encoding"] != "utf-8"
    first = "Have you seen any of the 6 films in the Star Wars franchise?"
    assert made.frame[first].unique().sort().to_list() == ["No", "Yes"]
    seen = [name for name in made.frame.columns if name.startswith("Which of the following Star Wars films")]
    assert len(seen) == 6
    assert {value for name in seen for value in made.frame[name].unique()} == {"", "yes", "no"}
    assert sum(name.startswith("Please rank") for name in made.frame.columns) == 6
    assert sum(name.startswith("Please state whether") for name in made.frame.columns) == 14
    assert "Location (Census Region)" in made.frame.columns
