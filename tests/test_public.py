"""The public door: what it names, that it opens lazily, and that what it says runs."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import modelwright as mw
from modelwright.core.errors import BadGoal, BadInput
from modelwright.lifecycle import door


def test_every_name_is_there_and_sorted() -> None:
    assert sorted(mw.__all__) == mw.__all__
    assert len(mw.__all__) <= 10
    for name in mw.__all__:
        found = getattr(mw, name)
        assert found.__module__.startswith("modelwright.")
        assert found.__doc__, f"{name} says what it is"
    assert set(mw.__all__) <= set(dir(mw))
    assert mw.__version__.count(".") == 2


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        mw.fit  # noqa: B018


def test_asking_for_one_thing_does_not_load_the_others() -> None:
    code = (
        "import sys, modelwright as mw\nmw.ModelwrightError\n"
        "print(sorted({'sklearn', 'polars', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_goal_and_keys_at_once_are_refused() -> None:
    goal = mw.Goal(data={"source": "a.csv", "target": "y"})
    with pytest.raises(BadInput, match="a goal was given and also the keys seed"):
        mw.run(goal, seed=3)


def test_bad_input_leaves_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadGoal, match=r"did you mean 'lightgbm'"):
        mw.run(data={"source": {"x": [1, 2], "y": [1, 2]}, "target": "y"}, search={"families": ["lightgmb"]},
               runs=tmp_path / "runs")  # fmt: skip
    with pytest.raises(BadInput, match="there is no column 'z'"):
        mw.run(data={"source": {"x": [1, 2], "y": [1, 2]}, "target": "z"}, runs=tmp_path / "runs")
    assert [p.name for p in (tmp_path / "runs").glob("*") if p.name != ".store"] == []


def test_load_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no bundle: the run released nothing"):
        mw.load(None)
    with pytest.raises(BadInput, match="there is no run 'nobody'"):
        mw.load("nobody", runs=tmp_path)


@pytest.mark.slow  # a whole run, with its workers and its report
def test_the_example_of_run_runs() -> None:
    found = doctest.testmod(door)
    assert found.attempted >= 3
    assert found.failed == 0
