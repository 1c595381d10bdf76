"""``check_goal``: what is said before any compute, and that the plan it makes is the run's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.core.errors import BadData, BadGoal, Unsupported
from modelwright.goal.goal import Goal
from modelwright.lifecycle.check import BASELINE, LAST, check_goal
from modelwright.lifecycle.plan import PLAN


def rows(n: int = 400, seed: int = 3) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return {
        "x": x.round(3).tolist(),
        "home": rng.integers(0, n // 4, n).astype(str).tolist(),
        "sex": rng.choice(["f", "m"], n).tolist(),
        "y": np.where(x + rng.normal(size=n) > 0, "yes", "no").tolist(),
        "z": (3 * x + rng.normal(size=n)).round(3).tolist(),
    }


def checked(n: int = 400, **keys: Any) -> dict[str, Any]:
    data = {"source": rows(n), "target": "y", "keys": ["z"], **keys.pop("data", {})}
    return check_goal(Goal(data=data, **keys))


def test_the_answer_is_plain_data() -> None:
    found = checked(success=["accuracy >= 0.6", "latency_p99 <= 20ms"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["rows"] == 400
    assert found["columns"] == 5
    assert found["problem"] == "binary"
    assert sum(found["classes"].values()) == 400
    assert set(found["criteria"][0]) == {"criterion", "half_width", "provable", "rows_needed", "says"}


def test_it_stops_before_anything_is_fitted() -> None:
    names = [stage.name for stage in PLAN]
    assert names.index("analyse") < names.index(LAST) == names.index("train") - 1


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checked()
    assert list(tmp_path.iterdir()) == []


def test_a_wide_interval_is_not_provable_and_says_how_many_rows_would() -> None:
    (tight,) = checked(success=["accuracy >= 0.97"])["criteria"]
    assert not tight["provable"]
    assert tight["rows_needed"] > 400
    assert f"about {tight['rows_needed']} test rows would" in tight["says"]
    (enough,) = checked(4000, success=["accuracy >= 0.8"])["criteria"]
    assert enough["provable"]
    assert 0.0 < enough["half_width"] < tight["half_width"] * 2


def test_more_rows_narrow_the_interval() -> None:
    widths = [
        checked(n, success=["accuracy >= 0.4"], split={"test": 0.2})["criteria"][0]["half_width"]
        for n in (200, 800, 3200)
    ]
    assert widths[0] > 1.7 * widths[1] > 2.9 * widths[2]


def test_slices_and_groups_widen_it() -> None:
    plain = checked(success=["accuracy >= 0.4"], split={"test": 0.2})["criteria"][0]["half_width"]
    sliced = checked(success=["accuracy >= 0.4 by sex"], split={"test": 0.2})["criteria"][0]["half_width"]
    grouped = checked(
        success=["accuracy >= 0.4"], split={"test": 0.2}, data={"group": "home"}
    )["criteria"][0]["half_width"]  # fmt: skip
    assert sliced > 1.2 * plain
    assert grouped > 1.05 * plain


def test_a_resource_needs_no_rows() -> None:
    (size,) = checked(success=["size <= 5MB"], split={"test": 0})["criteria"]
    assert size["provable"]
    assert size["half_width"] is None


def test_without_test_rows_nothing_is_provable() -> None:
    found = checked(success=["accuracy >= 0.6"], split={"test": 0})
    assert found["test_rows"] == 0
    assert not found["provable"]
    assert "no test rows" in found["criteria"][0]["says"]


@pytest.mark.parametrize("target", ["y", "z"])
def test_without_criteria_it_plans_against_the_baseline(target: str) -> None:
    other = "z" if target == "y" else "y"
    found = checked(data={"target": target, "keys": [other]})
    (line,) = found["criteria"]
    assert line["criterion"] == BASELINE
    assert line["provable"] is True or line["rows_needed"] is not None
    assert "goal.no-criteria" in {f["code"] for f in found["findings"]}


def test_a_leak_is_a_blocker_until_it_is_accepted() -> None:
    table = rows()
    table["answer_code"] = [1.5 if v == "yes" else 0.25 for v in table["y"]]
    data = {"source": table, "target": "y", "keys": ["z"]}
    found = check_goal(Goal(data=data, success=["accuracy >= 0.6"]))
    assert any(b.startswith("leak.") and b.endswith(":answer_code") for b in found["blockers"])
    accept = dict.fromkeys(found["blockers"], "it is known when the model is asked")
    found = check_goal(Goal(data=data, success=["accuracy >= 0.6"], accept=accept))
    assert found["blockers"] == []
    assert {f["accepted"] for f in found["findings"] if f["severity"] == "blocker"} == set(accept.values())


def test_outer_folds_test_every_row() -> None:
    assert checked(success=["accuracy >= 0.6"], split={"outer_folds": 4})["test_rows"] == 400


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(BadGoal, match="did you mean 'ridge'"):
        checked(search={"families": ["rigde"]})
    with pytest.raises(BadData, match="names a class that does not exist"):
        checked(success=['recall >= 0.5 for "maybe"'])
    with pytest.raises(BadData, match="there is no column 'w'"):
        checked(data={"target": "w"})


def test_what_has_to_be_installed_is_said_before_any_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    rng = np.random.default_rng(0)
    for name, low in (("day", 120), ("night", 0)):
        (tmp_path / "sky" / name).mkdir(parents=True)
        for i in range(30):
            pixels = rng.integers(low, low + 120, (8, 8), dtype=np.uint8)
            image.fromarray(pixels).save(tmp_path / "sky" / name / f"{i}.png")
    goal = Goal(data={"source": str(tmp_path / "sky"), "target": "label"})
    monkeypatch.setattr("modelwright.models.choose.find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r"small_cnn or .* only.*\n\nhint: .*modelwright\[deep\]"):
        check_goal(goal)
