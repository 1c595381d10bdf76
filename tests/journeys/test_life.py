"""From a goal to what is done with its runs, step after step, as a person would."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]
Runs = Callable[[], list[Path]]

# Every test here starts the command several times, and trains.
pytestmark = pytest.mark.slow


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_penguins_from_goal_to_gc(mw: Call, runs: Runs, penguins: Path, tmp_path: Path) -> None:
    done = mw("run", "goal.yaml", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["verdict"] == "met"
    assert said["released"] is True
    assert said["test_openings"] == 1
    assert said == {
        **json.loads((tmp_path / said["run"] / "verdict.json").read_text()),
        **{key: said[key] for key in ("run", "report", "bundle")},
    }
    assert (tmp_path / said["report"]).stat().st_size > 20_000

    # predict: rows and their order are kept, and the answers are good
    done = mw("predict", "penguins", "penguins.csv", "-o", "out.csv")
    assert done.returncode == 0, done.stderr
    given, made = rows_of(tmp_path / "penguins.csv"), rows_of(tmp_path / "out.csv")
    assert len(made) == len(given)
    assert [{k: row[k] for k in given[0]} for row in made] == given
    right = sum(row["prediction"] == row["species"] for row in made)
    assert right / len(made) > 0.9
    chances = [[float(row[f"probability_{c}"]) for c in ("Adelie", "Chinstrap", "Gentoo")] for row in made]
    assert all(abs(sum(each) - 1) < 1e-5 for each in chances)

    # explain
    done = mw("explain", said["bundle"], "penguins.csv", "--json")
    assert done.returncode == 0, done.stderr
    why = json.loads(done.stdout)
    assert why[0]["prediction"] == made[0]["prediction"]
    assert "species" not in {entry["column"] for entry in why[0]["columns"]}

    # a finished run gets more time as a child of its own, which keeps its parent's rows and fits
    first = runs()[0]
    done = mw("resume", "penguins", "--quiet")
    assert done.returncode == 2
    assert "is finished" in done.stderr
    done = mw("resume", "penguins", "--budget", "25s", "--json", "--quiet")
    assert done.returncode in (0, 3), done.stderr
    child = runs()[1]
    state = json.loads((child / "state.json").read_text())
    assert (state["parent"], state["status"]) == (first.name, "finished")
    for name in ("collect", "split"):
        assert (child / name / "record.json").read_bytes() == (first / name / "record.json").read_bytes()
    fits = {p.parent.name for p in (first / "train" / "fits").glob("*/fit.json")}
    assert fits <= {p.parent.name for p in (child / "train" / "fits").glob("*/fit.json")}

    # compare, runs, show
    done = mw("compare", first.name, child.name, "--json")
    table = {row["what"]: row for row in json.loads(done.stdout)}
    assert table["verdict"]["first"] == "met"
    assert table["collect rows"]["first"] == table["collect rows"]["second"] == 344
    assert [r["run"] for r in json.loads(mw("runs", "--json").stdout)] == [first.name, child.name]
    assert json.loads(mw("show", first.name, "--json").stdout)

    # delete and free: what the child needs stays
    assert mw("runs", "--delete", first.name).returncode == 0
    assert not first.exists()
    assert mw("gc", "--json").returncode == 0
    assert mw("predict", child.name, "penguins.csv", "-o", "again.csv").returncode == (
        0 if state["released"] else 2
    )
    assert mw("runs", "--delete", child.name).returncode == 0
    freed = json.loads(mw("gc", "--json").stdout)
    assert freed["bytes"] > 0
    assert not list((tmp_path / "runs" / ".store" / "blobs").glob("*/*"))
    # What was opened stays opened.
    assert list((tmp_path / "runs" / ".store" / "openings").glob("*.json"))


def test_numbers_with_intervals(mw: Call, runs: Runs, houses: Path, tmp_path: Path) -> None:
    done = mw("run", "houses.yaml", "--json", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] == "met"
    assert mw("predict", "houses", "houses.csv", "-o", "out.jsonl").returncode == 0
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(made) == 400
    inside = sum(row["prediction_low"] <= float(row["price"]) <= row["prediction_high"] for row in made)
    assert 0.7 < inside / len(made) < 0.95
    assert all(row["prediction_low"] < row["prediction"] < row["prediction_high"] for row in made)
    # The same again: the same bytes, and no new opening.
    first = runs()[0]
    done = mw("run", "houses.yaml", "--json", "--quiet")
    second = runs()[1]
    for name in ("verdict.json", "bundle/model.onnx", "bundle/preprocess.json", "bundle/reference.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_goal_that_is_not_met_ends_with_3(mw: Call, penguins: Path, tmp_path: Path) -> None:
    penguins.write_text(penguins.read_text().replace("accuracy >= 0.85", "log_loss <= 0.0001"))
    done = mw("run", "goal.yaml", "--json", "--quiet")
    assert done.returncode == 3, done.stderr
    said = json.loads(done.stdout)
    assert (said["verdict"], said["released"], said["bundle"]) == ("not met", False, None)
    done = mw("predict", "penguins", "penguins.csv", "-o", "out.csv")
    assert done.returncode == 2
    assert "released nothing (verdict: not met)" in done.stderr
    done = mw("run", "goal.yaml", "--force-release", "--json", "--quiet")
    assert done.returncode == 3
    forced = json.loads(done.stdout)
    assert forced["verdict"] == "not met"
    card = json.loads((tmp_path / forced["bundle"] / "model.json").read_text())
    assert card["verdict"] == "not met"
    assert mw("predict", "penguins", "penguins.csv", "-o", "out.csv").returncode == 0


def test_bad_input_ends_with_2_and_leaves_nothing(mw: Call, penguins: Path, tmp_path: Path) -> None:
    for old, new, said in [
        ("target: species", "target: spezies", "did you mean 'species'"),
        ("penguins.csv", "pinguins.csv", "did you mean penguins.csv?"),
        ("accuracy >= 0.85", "accurracy >= 0.85", "accuracy"),
        ("[logistic", "[logistik", "logistic"),
        ("accuracy >= 0.85", 'recall >= 0.5 for "Emperor"', "Emperor"),
        ("accuracy >= 0.85", "rmse <= 3", "rmse"),
    ]:
        text = penguins.read_text()
        (tmp_path / "bad.yaml").write_text(text.replace(old, new))
        done = mw("run", "bad.yaml", "--quiet")
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert said in done.stderr
        assert "hint:" in done.stderr or "did you mean" in done.stderr
    done = mw("run", "nowhere.yaml")
    assert done.returncode == 2
    assert mw("resume").returncode == 2
    assert mw("predict", "nobody", "penguins.csv", "-o", "x.csv").returncode == 2
    left = [r["status"] for r in json.loads(mw("runs", "--json").stdout)]
    assert "finished" not in left
