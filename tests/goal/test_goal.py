"""The Goal object, the JSON Schema and the key cards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadGoal
from modelwright.goal.goal import Goal
from modelwright.goal.schema import describe_keys, json_schema

GOOD = Path(__file__).parents[1] / "goals" / "good"


def goal(**more: object) -> Goal:
    return Goal(data={"source": "adult.csv", "target": "income"}, success=["roc_auc >= 0.9"], **more)


def test_keys_from_python() -> None:
    one = goal(budget="60s")
    assert one.sections.budget.seconds == 60.0
    assert one.sections.source.source == "adult.csv"
    assert one.name == "adult"
    assert one.path is None
    assert one.frame is None
    assert one.given == {
        "data": {"source": "adult.csv", "target": "income"}, "success": ["roc_auc >= 0.9"], "budget": "60s"
    }  # fmt: skip


def test_a_file_is_kept_as_it_was_written() -> None:
    path = GOOD / "everything.yaml"
    one = Goal.load(path)
    assert one.to_yaml() == path.read_text(encoding="utf-8")
    assert one.path == path


def test_yaml_from_python_reads_back(tmp_path: Path) -> None:
    one = goal(budget={"time": "60s"}, costs={">50K": {"<=50K": 5}}, name="income")
    path = tmp_path / "goal.yaml"
    path.write_text(one.to_yaml(), encoding="utf-8")
    assert Goal.load(path).digest == one.digest


def test_the_digest_follows_the_meaning() -> None:
    assert goal(budget="60s").digest == goal(budget={"time": "1m"}).digest
    assert goal(budget="60s").digest != goal(budget="61s").digest
    assert goal(seed=1).digest != goal(seed=2).digest
    assert len(goal().digest) == 64


def test_the_digest_does_not_know_the_folder(tmp_path: Path) -> None:
    digests = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "income.yaml"
        path.write_text("data: {source: adult.csv}\n", encoding="utf-8")
        digests.append(Goal.load(path).digest)
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "frame", [pl.DataFrame({"a": [1]}), np.zeros((2, 2)), {"a": [1, 2]}], ids=["polars", "numpy", "mapping"]
)
def test_rows_from_python_are_kept_aside(frame: object) -> None:
    one = Goal(data={"source": frame, "target": "a"})
    assert one.frame is frame
    assert one.sections.source.source == "<frame>"
    assert one.name == "goal"
    assert "<frame>" in one.to_yaml()


def test_rows_from_python_are_not_taken_for_the_test() -> None:
    with pytest.raises(BadGoal, match=r"data\.test"):
        Goal(data={"source": "a.csv", "target": "a", "test": pl.DataFrame({"a": [1]})})


def test_restoring_a_goal_that_was_kept() -> None:
    one = goal(seed=3)
    again = Goal.restore(one.to_yaml(), base=Path(), name=one.name)
    assert again == one
    assert one.base == Path.cwd()
    assert again.digest == one.digest
    framed = Goal(data={"source": pl.DataFrame({"a": [1]}), "target": "a"})
    assert (
        Goal.restore(framed.to_yaml(), base=Path(), name=framed.name, frames=True).sections == framed.sections
    )


def test_another_budget_is_the_commands_and_not_the_goals() -> None:
    one = goal(budget={"time": "60s", "cores": 2})
    more = one.with_budget(90.0)
    assert (more.sections.budget.seconds, more.sections.budget.cores) == (90.0, 2)
    assert (more.digest, more.to_yaml()) == (one.digest, one.to_yaml())
    assert one.sections.budget.seconds == 60.0


def test_a_path_is_a_source() -> None:
    assert Goal(data={"source": Path("rows") / "a.csv"}).sections.source.source == str(Path("rows") / "a.csv")


def test_a_goal_is_frozen() -> None:
    one = goal()
    with pytest.raises(AttributeError, match="frozen"):
        one.name = "other"  # type: ignore[misc]
    one.given["seed"] = 5
    assert "seed" not in one.given


def test_equality_and_hash() -> None:
    assert goal() == goal()
    assert hash(goal()) == hash(goal())
    assert goal() != goal(seed=3)
    assert "roc_auc >= 0.9" in repr(goal())


def test_mistakes_from_python_have_no_lines() -> None:
    with pytest.raises(BadGoal) as caught:
        Goal(data={"source": 5, "targt": "a"}, sucess=["x"])
    assert [one.line for one in caught.value.mistakes] == [None] * 3
    with pytest.raises(BadGoal, match="data"):
        Goal()


def test_the_schema_and_the_cards_agree() -> None:
    schema = json_schema()
    cards = describe_keys()
    assert all(card.text.endswith(".") and card.type for card in cards)
    top = [card.key for card in cards if "." not in card.key]
    assert list(schema["properties"]) == top
    assert schema["required"] == ["data"]
    assert schema["additionalProperties"] is False
    assert next(card for card in cards if card.key == "data.source").default == "required"
    assert schema["properties"]["seed"]["default"] == 0
    assert schema["properties"]["problem"]["enum"] == ["binary", "multiclass", "regression"]
    assert "null" not in repr(schema)


def test_importing_the_goal_imports_nothing_heavy() -> None:
    code = (
        "import sys; import modelwright.goal.goal, modelwright.goal.parse, modelwright.goal.schema;"
        "print(sorted({'pydantic', 'ruamel', 'numpy', 'polars', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={
        "PYTHONPATH": ":".join(sys.path)})  # fmt: skip
    assert done.stdout.strip() == "[]"
