"""Names that the goal's own grammar cannot know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelwright.core.errors import BadGoal
from modelwright.goal.goal import Goal
from modelwright.lifecycle.agree import CLEANING, agree

CLEAN = Path(__file__).parents[2] / "src" / "modelwright" / "data" / "clean"


def goal(**keys: object) -> Goal:
    return Goal(data={"source": "people.csv", "target": "y"}, **keys)


def test_names_that_exist_pass() -> None:
    agree(
        goal(
            search={"families": ["logistic", "lightgbm", "toy"]},
            clean={"off": ["units", "missing:age", "identifier"]},
            accept={"leak.golden-feature": "known when asked", "leak.golden-feature:grade": "the same"},
        )
    )


def test_every_stranger_is_named_with_the_nearest() -> None:
    with pytest.raises(BadGoal) as caught:
        agree(
            goal(
                search={"families": ["logistic", "lihgtgbm"]},
                clean={"off": ["unist:age"]},
                accept={"leak.golden-faeture": "known when asked"},
            )
        )
    told = {m.where: m.hint for m in caught.value.mistakes}
    assert told == {
        "search.families[1]": "did you mean 'lightgbm'?",
        "clean.off[0]": "did you mean 'units'?",
        "accept.leak.golden-faeture": "did you mean 'leak.golden-feature'?",
    }


def test_mistakes_in_a_file_have_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(
        "data: {source: a.csv, target: y}\nsearch:\n  families:\n    - logistic\n    - lihgtgbm\n"
    )
    with pytest.raises(BadGoal, match=r"g\.yaml has 1 mistake:\n  line 5, search\.families\[1\]"):
        agree(Goal.load(path))


def test_the_list_of_cleaning_operations_is_what_the_code_asks_for() -> None:
    asked = {
        name
        for path in sorted(CLEAN.rglob("*.py"))
        for name in re.findall(
            r'"([a-z]+)" (?:not )?in (?:recipe\.|self\.)?off\b', path.read_text(encoding="utf-8")
        )
    }
    assert asked == set(CLEANING)
