"""Bad goals are files, their messages are snapshots: reading the ``.txt`` files is reading the manual.

To write the snapshots anew after a wanted change, run this file with ``MODELWRIGHT_SNAPSHOTS=write``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelwright.core.errors import BadGoal
from modelwright.goal.parse import load

BAD = Path(__file__).parents[1] / "goals" / "bad"
FILES = sorted(BAD.glob("*.yaml"))


def messages(path: Path) -> BadGoal:
    with pytest.raises(BadGoal) as caught:
        load(path)
    return caught.value


def test_there_are_bad_goals_and_no_orphaned_snapshots() -> None:
    assert len(FILES) >= 25
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_goal_is_refused_in_the_words_beside_it(path: Path) -> None:
    error = messages(path)
    snapshot = path.with_suffix(".txt")
    if os.environ.get("MODELWRIGHT_SNAPSHOTS") == "write":
        snapshot.write_text(f"{error}\n", encoding="utf-8")
    assert snapshot.read_text(encoding="utf-8") == f"{error}\n"
    assert error.exit_code == 2
    assert error.code == "goal.invalid"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_has_its_line(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    for mistake in messages(path).mistakes:
        if mistake.line is None:
            # There is no line to name: nothing was written, or what is missing belongs at the top.
            assert mistake.where in ("the file", "data")
        else:
            # One further than the last: an error at the end of the file.
            assert 1 <= mistake.line <= lines + 1
