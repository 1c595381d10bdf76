"""Every command on a finished run: results on standard output, talk on standard error, JSON that parses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    # The test folders are no packages: the types of what conftest.py gives are named here for readers.
    Command = Any
    Place = Any


def test_check_says_what_is_provable(command: Command, finished: Place) -> None:
    goal = finished.folder / "check.yaml"
    goal.write_text("data: {source: people.csv, target: answer}\nsuccess: [accuracy >= 0.5, size <= 5MB]\n")
    said = command("check", str(goal))
    assert said.code == 0
    assert said.err == ""
    assert said.out.splitlines()[0].startswith("160 rows, 6 columns; binary: 'answer' has two values")
    assert said.out.splitlines()[-1] == "provable"
    found = command("check", str(goal), "--json").json()
    assert found["provable"] is True
    assert [c["criterion"] for c in found["criteria"]] == ["accuracy >= 0.5", "size <= 5MB"]


def test_check_of_a_goal_that_cannot_be_proven_still_ends_well(command: Command, finished: Place) -> None:
    goal = finished.folder / "hard.yaml"
    goal.write_text("data: {source: people.csv, target: answer}\nsuccess: [accuracy >= 0.99]\n")
    said = command("check", str(goal), "--json")
    assert said.code == 0
    found = said.json()
    assert found["provable"] is False
    assert found["criteria"][0]["rows_needed"] > found["test_rows"]


def test_new_prints_the_goal_and_writes_it(
    command: Command, finished: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(finished.folder / "people.csv", tmp_path)
    said = command("new", "first", "--data", "people.csv", "--target", "answer")
    assert said.code == 0
    assert said.out == Path("first.yaml").read_text(encoding="utf-8")
    assert said.err == "written to first.yaml; next: modelwright check first.yaml\n"
    said = command(
        "new", "first", "--data", "people.csv", "--target", "income", "--force", "--quiet", "--json"
    )
    assert said.json() == {"goal": "first.yaml"}
    assert said.err == ""
    assert "target: income" in Path("first.yaml").read_text(encoding="utf-8")


def test_runs_lists_the_run(command: Command, finished: Place) -> None:
    said = command("runs", "--runs", finished.runs)
    assert said.code == 0
    assert said.err == ""
    assert finished.run.path.name in said.out
    (row,) = command("runs", "--runs", finished.runs, "--json").json()
    assert row["run"] == finished.run.path.name
    assert row["status"] == "finished"
    assert row["verdict"] == finished.run.verdict


def test_runs_of_an_empty_folder(command: Command, tmp_path: Path) -> None:
    assert command("runs", "--runs", str(tmp_path)).out == f"no runs in {tmp_path}\n"
    assert command("runs", "--runs", str(tmp_path), "--json").json() == []


@pytest.mark.parametrize("how", ["name of the goal", "name of the run", "path"])
def test_show_finds_a_run_by(how: str, command: Command, finished: Place) -> None:
    names = {
        "name of the goal": "people",
        "name of the run": finished.run.path.name,
        "path": str(finished.run.path),
    }
    said = command("show", names[how], "--runs", finished.runs)
    assert said.code == 0
    assert said.err == ""
    assert "roc_auc >= 0.55" in said.out


def test_show_as_json(command: Command, finished: Place) -> None:
    found = command("show", "people", "--runs", finished.runs, "--json").json()
    assert isinstance(found, dict)
    assert finished.run.verdict in json.dumps(found)


def test_compare_of_a_run_with_itself_differs_in_nothing(command: Command, finished: Place) -> None:
    said = command("compare", "people", "people", "--runs", finished.runs)
    assert said.code == 0
    assert not [line for line in said.out.splitlines() if line.startswith("*")]
    rows = command("compare", "people", "people", "--runs", finished.runs, "--json").json()
    assert {"what": "verdict", "first": finished.run.verdict, "second": finished.run.verdict} in rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_predict_keeps_rows_order_and_columns(
    suffix: str, command: Command, finished: Place, tmp_path: Path
) -> None:
    source, output = finished.folder / "people.csv", tmp_path / f"out{suffix}"
    said = command("predict", "people", str(source), "-o", str(output), "--runs", finished.runs)
    assert said.code == 0
    assert said.out == ""
    assert said.err.startswith("160 rows in ")
    read = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}[suffix]
    made, given = read(output), pl.read_csv(source)
    assert made.columns == [*given.columns, "prediction", "probability_no", "probability_yes"]
    assert made["height"].cast(pl.Int64).to_list() == given["height"].to_list()
    assert (made["prediction"] == made["answer"]).mean() > 0.7
    total = made["probability_no"].cast(pl.Float64) + made["probability_yes"].cast(pl.Float64)
    assert total.is_between(0.999, 1.001).all()


def test_predict_quiet_says_nothing_and_json_parses(
    command: Command, finished: Place, tmp_path: Path
) -> None:
    arguments = ["predict", "people", str(finished.folder / "people.csv"), "--runs", finished.runs]
    said = command(*arguments, "-o", str(tmp_path / "a.csv"), "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert command(*arguments, "-o", str(tmp_path / "b.csv"), "--json").json()["rows"] == 160


def test_predict_refuses_in_words(command: Command, finished: Place, tmp_path: Path) -> None:
    source = finished.folder / "people.csv"
    broken, narrow = tmp_path / "broken.csv", tmp_path / "narrow.csv"
    broken.write_text(source.read_text() + 'Oslo,"1\n')
    pl.read_csv(source).drop("age").write_csv(narrow)
    same = tmp_path / "same.csv"
    shutil.copy(source, same)
    cases = {
        "has no format that predictions can be written in": (str(source), str(tmp_path / "x.docx")),
        "the input has no column 'age'": (str(narrow), str(tmp_path / "x.csv")),
        "is the same file as": (str(same), str(same)),
        "broken.csv, line": (str(broken), str(tmp_path / "x.csv")),
        "there is no file absent.csv": ("absent.csv", str(tmp_path / "x.csv")),
    }
    for words, (source_name, output) in cases.items():
        said = command("predict", "people", source_name, "-o", output, "--runs", finished.runs)
        assert said.code == 2, words
        assert words in said.err
        assert "\n\nhint: " in said.err
        assert said.out == ""
        assert not (tmp_path / "x.csv").exists()


def test_predict_keeps_broken_rows_aside(command: Command, finished: Place, tmp_path: Path) -> None:
    source = tmp_path / "broken.csv"
    source.write_text((finished.folder / "people.csv").read_text() + "33,Oslo\n")
    aside = tmp_path / "aside.jsonl"
    said = command(
        "predict", "people", str(source), "-o", str(tmp_path / "x.csv"), "--quarantine", str(aside),
        "--runs", finished.runs, "--json",
    )  # fmt: skip
    assert said.code == 0
    assert said.json()["broken"] == 1
    assert json.loads(aside.read_text())["line"] == 162


def test_predict_says_what_it_could_not_read(command: Command, finished: Place, tmp_path: Path) -> None:
    source = tmp_path / "odd.csv"
    head, *lines = (finished.folder / "people.csv").read_text().splitlines()
    at = head.split(",").index("age")
    for number, word in ((0, "old"), (1, "elderly")):
        cells = lines[number].split(",")
        lines[number] = ",".join([*cells[:at], word, *cells[at + 1 :]])
    source.write_text("\n".join([head, *lines]) + "\n")
    arguments = ["predict", "people", str(source), "-o", str(tmp_path / "x.csv"), "--runs", finished.runs]
    assert "2 values of 'age' could not be read and count as missing" in command(*arguments).err
    assert command(*arguments, "--json").json()["unread"] == {"age": 2}


def test_a_changed_bundle_is_refused(command: Command, finished: Place, tmp_path: Path) -> None:
    assert finished.run.bundle is not None
    bundle = tmp_path / "bundle"
    shutil.copytree(finished.run.bundle, bundle)
    graph = bytearray((bundle / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(graph)
    said = command("predict", str(bundle), str(finished.folder / "people.csv"), "-o", str(tmp_path / "x.csv"))
    assert said.code == 2
    assert "model.onnx of the bundle is damaged" in said.err


def test_explain_names_the_column_that_matters(command: Command, finished: Place) -> None:
    arguments = [
        "explain",
        "people",
        str(finished.folder / "people.csv"),
        "--rows",
        "6",
        "--runs",
        finished.runs,
    ]
    said = command(*arguments)
    assert said.code == 0
    assert said.err.startswith("how much each column moved the probability of the predicted class")
    assert said.out.startswith("row 0: ")
    assert command(*arguments, "--quiet").err == ""
    rows = command(*arguments, "--json").json()
    assert len(rows) == 6
    strongest = [max(row["columns"], key=lambda c: abs(c["effect"]))["column"] for row in rows]
    assert strongest.count("age") >= 4


def test_gc_keeps_what_a_run_needs(command: Command, finished: Place, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished.folder / "runs", runs)
    blobs = list((runs / ".store" / "blobs").glob("*/*"))
    command("gc", "--runs", str(runs), "--json").json()
    assert list((runs / ".store" / "blobs").glob("*/*")) == blobs
    said = command("runs", "--delete", finished.run.path.name, "--runs", str(runs), "--json")
    assert said.json() == {"deleted": finished.run.path.name}
    freed = command("gc", "--runs", str(runs), "--json").json()
    assert freed["files"] >= len(blobs)
    assert not list((runs / ".store" / "blobs").glob("*/*"))


def test_resume_of_a_finished_run_says_what_to_do(command: Command, finished: Place) -> None:
    said = command("resume", "people", "--runs", finished.runs)
    assert said.code == 2
    assert "is finished" in said.err
    assert "--budget" in said.err


def test_doctor(command: Command) -> None:
    said = command("doctor", "--json")
    assert said.code == 0
    assert said.err == ""
    assert {item["what"]: item["status"] for item in said.json()}["graphs"] == "ok"


def test_without_a_command_the_help_is_shown_and_no_error(command: Command) -> None:
    said = command()
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("Usage: modelwright ")


def test_help_and_version(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    for name in (
        "new",
        "check",
        "run",
        "resume",
        "runs",
        "show",
        "compare",
        "gc",
        "predict",
        "explain",
        "doctor",
    ):
        assert f"  {name} " in said.out
        assert command(name, "--help").code == 0
    assert command("--version").out.strip().count(".") == 2
