"""The command line in this process, small tables, and one finished run to look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call
from modelwright.goal.goal import Goal
from modelwright.lifecycle.run import Run, start


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """``command("check", "goal.yaml")``: exit code, standard output, standard error."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = call(list(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def people(rows: int = 160) -> dict[str, list[Any]]:
    """Two classes that age tells apart, but for every seventh row; numbers and a constant beside."""
    ages = [20 + (7 * n) % 50 for n in range(rows)]
    good = [(a > 45) != (n % 7 == 0) for n, a in enumerate(ages)]
    return {
        "age": ages,
        "city": ["Oslo" if (n // 3) % 2 else "Bergen" for n in range(rows)],
        "height": [150 + (11 * n) % 47 for n in range(rows)],
        "answer": ["yes" if g else "no" for g in good],
        "income": [1000 + 37 * a + 60 * (n % 5) for n, a in enumerate(ages)],
        "same": ["x"] * rows,
    }


@pytest.fixture(scope="session")
def people_csv() -> str:
    """A small table with classes (answer), numbers (income) and a constant (same), as a CSV file's text."""
    table = people()
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a run of the goal ``people`` in ``runs``, and its rows in ``people.csv``."""

    folder: Path
    run: Run

    @property
    def runs(self) -> str:
        return str(self.folder / "runs")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, people_csv: str) -> Place:
    """One finished run, released by force, made without workers. Tests must not change it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "people.csv").write_text(people_csv, encoding="utf-8")
    goal = Goal(
        name="people",
        data={"source": str(folder / "people.csv"), "target": "answer"},
        success=["roc_auc >= 0.55"],
        search={"trials": 2, "families": ["logistic"]},
    )
    return Place(folder, start(goal, folder / "runs", force_release=True, inline=True))
