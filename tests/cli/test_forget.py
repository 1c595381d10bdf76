"""``modelwright data forget``: nothing of a person is left, whatever interrupts it, and models are listed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from modelwright.goal.goal import Goal
from modelwright.labels.begin import begin
from modelwright.labels.project import Asked, asked, joined
from modelwright.lifecycle.run import Run, start
from modelwright.live import deployment
from modelwright.live.entries import Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place

if TYPE_CHECKING:
    Command = Any

WHO = "ines.novak7@example.org"
SHOWN = (WHO, "Ines Novak of 7 Elm", "K0007")


def clients() -> pl.DataFrame:
    """160 people; the eighth is to be forgotten, and comes twice."""
    n = [*range(160), 7]
    ages = [20 + (7 * i) % 50 for i in n]
    return pl.DataFrame(
        {
            "id": [f"K{i:04d}" for i in n],
            "email": [WHO if i == 7 else f"somebody{i}@example.org" for i in n],
            "age": ages,
            "city": ["Oslo" if (i // 3) % 2 else "Bergen" for i in n],
            "note": [f"Ines Novak of 7 Elm, {i}" if i == 7 else f"called about offer {i}, ok" for i in n],
            "answer": ["yes" if (a > 45) != (i % 7 == 1) else "no" for i, a in zip(n, ages, strict=True)],
        }
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a source, a finished run, a live model with a log, and a store of labels."""
    folder = tmp_path_factory.mktemp("forget")
    before = Path.cwd()
    os.chdir(folder)
    try:
        clients().write_csv(folder / "clients.csv")
        goal = Goal(
            name="clients",
            data={
                "source": str(folder / "clients.csv"),
                "target": "answer",
                "keys": ["id"],
                "personal": "keep",
            },
            search={"trials": 1, "families": ["logistic"]},
        )
        run = start(goal, folder / "runs", force_release=True, inline=True)
        live(run, folder / "live")
        wish = asked({"classes": ["good", "bad"]}, Path(), "the test")
        begin(joined(wish, Asked({}, "clients.csv")), None).store.close()
        yield folder
    finally:
        os.chdir(before)


def live(run: Run, root: Path) -> None:
    place = Place.of(root, "clients")
    assert run.bundle is not None
    version = deployment.add_version(place, run.bundle)
    deployment.deploy(place, version, "for the test")
    row = {"email": WHO, "age": 40}
    entries = [
        Prediction(
            str(i), 1_700_000_000_000_000 + i, version, "champion", row if i == 3 else {"age": i}, "yes"
        )
        for i in range(5)
    ]
    LogDatabase(place.database).add(entries, segment="s", upto=1)


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    for path in copy.glob("runs/*/state.json"):  # stores of labels are looked for beside the goal, too
        path.write_text(path.read_text().replace(str(made), str(copy)), encoding="utf-8")
    monkeypatch.chdir(copy)
    return copy


def shows(folder: Path, *texts: str) -> list[str]:
    """Files that hold one of the texts, the source and the goal's own left out."""
    wanted = [text.encode() for text in texts]
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "clients.csv" and any(t in path.read_bytes() for t in wanted)
    ]


def test_nothing_is_deleted_without_a_yes(command: Command, place: Path) -> None:
    before = shows(place, *SHOWN)
    assert any(name.startswith("runs/.store/blobs") for name in before)
    said = command("data", "forget", "--column", "email", "--value", WHO)
    assert said.code == 2
    assert "2 rows (" in said.err
    assert "clients v1 (champion)" in said.err
    assert "--yes" in said.err
    assert shows(place, *SHOWN) == before


def test_a_person_is_gone_from_all_that_is_kept(command: Command, place: Path) -> None:
    source = (place / "clients.csv").read_bytes()
    said = command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--json", "--quiet")
    assert said.code == 0
    found = said.json()
    assert WHO not in said.out
    [(_, run)] = found["runs"].items()
    assert run["rows"] == 2
    assert run["development"] + run["test"] + run["other"] == 2
    assert run["bundle"]
    assert run["live"] == ["clients v1 (champion)"]
    assert found["live"]["clients"]["predictions"] == 1
    assert found["labels"] == {"clients.labels": 2}
    assert found["still_shown"] == []
    assert any("clients.csv" in line for line in found["unreached"])
    # The note and the key are found by nothing but the row that they stood in.
    assert shows(place, *SHOWN) == []
    assert (place / "clients.csv").read_bytes() == source
    report = next(place.glob("runs/clients-*/report.html")).read_text(encoding="utf-8")
    assert "privacy.forgotten" in report or "Rows were deleted" in report
    told = command("data", "forgotten")
    assert "1 person by 'email', 2 rows in 1 run" in told.out
    assert WHO not in told.out
    again = command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--json", "--quiet")
    assert again.json()["runs"] == {}


def test_the_rows_of_the_others_stay(command: Command, place: Path) -> None:
    command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--quiet")
    run = next(place.glob("runs/clients-*"))
    record = json.loads((run / "collect" / "record.json").read_text())
    table = pl.read_ipc(next(place.glob(f"runs/.store/blobs/*/{record['table']['digest']}.arrow")))
    expected = clients().filter(pl.col("email") != WHO)
    assert record["rows"] == expected.height
    assert table["email"].to_list() == expected["email"].to_list()
    assert command("predict", "clients", "clients.csv", "-o", "out.csv", "--quiet").code == 0
    assert command("show", "clients").code == 0


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [1, 4, 9, 14, 20])
def test_what_was_cut_short_is_ended_by_the_same_command(
    command: Command, place: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    replace, done = os.replace, 0

    def cut(*given: str) -> None:
        nonlocal done
        done += 1
        if done > after:
            raise Killed
        replace(*given)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", cut)
        with pytest.raises(Killed):
            command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--quiet")
    assert "cut short" in command("data", "forgotten").out or not list(place.glob("runs/.store/forgotten/0*"))
    said = command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--json", "--quiet")
    assert said.json()["still_shown"] == []
    assert shows(place, *SHOWN) == []
    assert "cut short" not in command("data", "forgotten").out


@pytest.mark.slow  # starts the command as a process of its own and kills it
@pytest.mark.parametrize("after", [2, 7, 16])
def test_a_kill_in_the_middle_loses_nothing(command: Command, place: Path, after: int) -> None:
    code = (
        "import os, signal, sys\n"
        "replace, done = os.replace, [0]\n"
        "def cut(*a):\n"
        "    done[0] += 1\n"
        f"    if done[0] > {after}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return replace(*a)\n"
        "os.replace = cut\n"
        "from modelwright.cli.main import call\n"
        f"sys.exit(call(['data', 'forget', '--column', 'email', '--value', {WHO!r}, '--yes', '--quiet']))\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, check=False)
    assert killed.returncode == -9
    command("data", "forget", "--column", "email", "--value", WHO, "--yes", "--quiet")
    assert shows(place, *SHOWN) == []


def test_a_column_that_nothing_has_is_refused(command: Command, place: Path) -> None:
    shutil.rmtree(place / "live")
    said = command("data", "forget", "--column", "emial", "--value", WHO, "--yes")
    assert said.code == 2
    assert "did you mean 'email'" in said.err


def test_values_come_from_a_file_too(command: Command, place: Path) -> None:
    (place / "who.txt").write_text(f"{WHO}\nsomebody3@example.org\n\n", encoding="utf-8")
    said = command("data", "forget", "--column", "email", "--file", "who.txt", "--yes", "--json", "--quiet")
    assert len(said.json()["people"]) == 2
    assert next(iter(said.json()["runs"].values()))["rows"] == 3
    assert command("data", "forget", "--column", "email", "--yes").code == 2


def test_nobody_found_deletes_nothing(command: Command, place: Path) -> None:
    shutil.rmtree(place / "live")
    said = command("data", "forget", "--column", "email", "--value", "nobody@example.org", "--yes")
    assert said.code == 0
    assert "nothing was deleted" in said.out
    assert command("data", "forgotten").out.startswith("nothing was deleted")


def test_a_value_that_is_also_a_class_leaves_the_class_its_name(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = clients().with_columns(
        pl.Series("id", [str(i) for i in [*range(160), 7]]),
        pl.Series("answer", ["7" if a == "yes" else "8" for a in clients()["answer"]]),
    )
    rows.write_csv(tmp_path / "clients.csv")
    goal = Goal(
        name="classes",
        data={"source": str(tmp_path / "clients.csv"), "target": "answer", "keys": ["id"],
              "columns": {"answer": "category"}, "personal": "keep"},
        search={"trials": 1, "families": ["logistic"]},
    )  # fmt: skip
    run = start(goal, tmp_path / "runs", inline=True)
    label = Path(run.path) / "label" / "record.json"
    classes = json.loads(label.read_text())["classes"]
    done = command(
        "data", "forget", "--column", "id", "--value", "7", "--runs", str(tmp_path / "runs"),
        "--yes",
    )  # fmt: skip
    assert done.code == 0, done
    assert json.loads(label.read_text())["classes"] == classes
