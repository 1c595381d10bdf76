"""Several processes in one folder of runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]
Runs = Callable[[], list[Path]]
Prints = Callable[[Path], tuple[str, str]]

COMMAND = Path(sys.executable).with_name("modelwright")

# Every test here starts the command several times, and trains.
pytestmark = pytest.mark.slow


def test_two_runs_and_gc_at_once(
    mw: Call, runs: Runs, prints: Prints, penguins: Path, tmp_path: Path
) -> None:
    """Both runs come to the same end; ``gc`` refuses while they go on, and frees nothing of theirs after."""
    both = [
        subprocess.Popen(
            [COMMAND, "run", "goal.yaml", "--quiet"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    refused = 0
    while any(process.poll() is None for process in both):
        done = mw("gc")
        if done.returncode == 2:
            assert "is running" in done.stderr
            refused += 1
        else:
            assert done.returncode == 0
        time.sleep(0.1)
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert refused >= 1
    assert len(runs()) == 2
    assert prints(runs()[0]) == prints(runs()[1])
    assert [json.loads((run / "verdict.json").read_text())["test_openings"] for run in runs()] == [1, 1]
    assert mw("gc").returncode == 0
    # Nothing that they need went: each can still be given more.
    for run in runs():
        for kept in run.glob("*/record.json"):
            for digest in digests(json.loads(kept.read_text())):
                assert list((tmp_path / "runs" / ".store" / "blobs").glob(f"*/{digest}.*")), kept


def digests(data: object) -> list[str]:
    if isinstance(data, dict):
        own = [data["digest"]] if "$blob" in data else []
        return own + [d for value in data.values() for d in digests(value)]
    return [d for value in data for d in digests(value)] if isinstance(data, list) else []


def test_a_run_that_goes_on_can_neither_be_resumed_nor_deleted(
    mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    penguins.write_text(penguins.read_text().replace("trials: 2", "trials: 2000"))
    process = subprocess.Popen([COMMAND, "run", "goal.yaml", "--quiet"], cwd=tmp_path)
    try:
        until = time.monotonic() + 60
        while not (runs() and (runs()[0] / "clean").exists()):
            assert time.monotonic() < until
            time.sleep(0.05)
        name = runs()[0].name
        done = mw("resume", name)
        assert done.returncode == 2
        assert "another process is working on" in done.stderr
        assert mw("resume").returncode == 2
        done = mw("runs", "--delete", name)
        assert done.returncode == 2
        assert "is running" in done.stderr
        assert json.loads(mw("runs", "--json").stdout)[0]["status"] == "running"
    finally:
        process.kill()
        process.wait()
    assert json.loads(mw("runs", "--json").stdout)[0]["status"] == "stopped"
    assert mw("runs", "--delete", name).returncode == 0
    assert mw("gc").returncode == 0
    left = [p for p in (tmp_path / "runs").rglob("*") if p.is_file() and p.name != ".lock"]
    assert left == []


def test_a_budget_of_time_is_kept_and_remembered(
    mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    """Twenty seconds with every family in the race end with a verdict, long before all there was to try.

    How near to twenty they end is a matter of the machine; that they do not end the race at all would take
    minutes.
    """
    text = penguins.read_text().replace("search: {trials: 2, families: [logistic, decision_tree]}", "")
    penguins.write_text(text)
    done = mw("run", "goal.yaml", "--budget", "20s", "--json", "--quiet")
    assert done.returncode in (0, 3), done.stderr
    assert json.loads(done.stdout)["verdict"] in ("met", "unproven", "not met")
    state = json.loads((runs()[0] / "state.json").read_text())
    assert state["seconds"] == 20
    ended = json.loads((runs()[0] / "train" / "record.json").read_text())["ended"]
    assert ended in ("time", "exhausted")


def test_a_budget_too_small_for_one_fit(mw: Call, runs: Runs, penguins: Path) -> None:
    done = mw("run", "goal.yaml", "--budget", "1s")
    assert done.returncode == 2
    assert "the budget ended before a single fit did" in done.stderr
    assert "--budget 60s" in done.stderr
    # More time mends it, and nothing that was done is lost.
    done = mw("resume", "--budget", "60s", "--quiet")
    assert done.returncode in (0, 3), done.stderr
    assert len(runs()) == 1


def test_a_changed_source_is_told_when_a_run_is_resumed(
    mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    done = mw("run", "goal.yaml", "--budget", "1s")
    assert done.returncode == 2
    rows = tmp_path / "penguins.csv"
    rows.write_text("".join(rows.read_text().splitlines(keepends=True)[:50]))
    done = mw("resume", "--budget", "60s")
    assert done.returncode in (0, 3)
    assert "penguins.csv has another size now; going on with the rows as they were first read" in done.stderr
    assert json.loads((runs()[0] / "collect" / "record.json").read_text())["rows"] == 344


def test_rows_larger_than_a_batch_agree_in_every_format(mw: Call, penguins: Path, tmp_path: Path) -> None:
    """300,000 rows, csv to parquet to json lines: the same answers, in the same order, in bounded memory."""
    pl = pytest.importorskip("polars")
    assert mw("run", "goal.yaml", "--quiet").returncode == 0
    header, *lines = (tmp_path / "penguins.csv").read_text().splitlines(keepends=True)
    with (tmp_path / "big.csv").open("w") as out:
        out.write(header)
        for k in range(300_000):
            out.write(lines[k % len(lines)])
    (tmp_path / "small.csv").write_text(header + "".join(lines))
    small, memory = measured(tmp_path, "small.csv", "small.parquet")
    peaks = {}
    for source, output in [
        ("big.csv", "big.parquet"), ("big.parquet", "again.jsonl"), ("again.jsonl", "once-more.csv")
    ]:  # fmt: skip
        code, peaks[source] = measured(tmp_path, source, output)
        assert (small, code) == (0, 0)
        if output != "once-more.csv":
            trimmed(tmp_path / output)
    first = pl.read_parquet(tmp_path / "small.parquet")
    last = pl.read_csv(tmp_path / "once-more.csv", infer_schema_length=None)
    assert last.height == 300_000
    names = ["prediction", "probability_Adelie", "probability_Chinstrap", "probability_Gentoo"]
    expected = pl.concat([first] * (300_000 // first.height + 1))[:300_000]
    assert last["prediction"].to_list() == expected["prediction"].to_list()
    for name in names[1:]:
        assert float((last[name] - expected[name]).abs().max()) < 1e-6
    # Above what a small file takes: some batches of 50,000 rows, and not the whole file in Python's objects.
    assert all(peak - memory < 400e6 for peak in peaks.values()), (memory, peaks)


def trimmed(path: Path) -> None:
    """Take the answers off again, so that the next prediction starts from the input alone."""
    import polars as pl

    parquet = path.suffix == ".parquet"
    frame = pl.read_parquet(path) if parquet else pl.read_ndjson(path, infer_schema_length=None)
    frame = frame.drop([n for n in frame.columns if n.startswith(("prediction", "probability_"))])
    if parquet:
        frame.write_parquet(path)
    else:
        frame.write_ndjson(path)


def measured(folder: Path, source: str, output: str) -> tuple[int, float]:
    """Exit code and peak resident memory, in bytes, of a prediction."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True)\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)"
    )
    command = [sys.executable, "-c", code, str(COMMAND), "predict", "penguins", source, "-o", output]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
    return int(said[0]), float(said[1])


def test_predicting_onto_a_full_disk(mw: Call, penguins: Path, tmp_path: Path) -> None:
    """The system's limit on the size of a file stands for a full disk."""
    assert mw("run", "goal.yaml", "--quiet").returncode == 0
    header, *lines = (tmp_path / "penguins.csv").read_text().splitlines(keepends=True)
    (tmp_path / "big.csv").write_text(header + "".join(lines) * 30)
    code = (
        "import resource, sys; from modelwright.cli.main import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "sys.argv = ['modelwright', 'predict', 'penguins', 'big.csv', '-o', sys.argv[1]]; main()"
    )
    before = sorted(p.name for p in tmp_path.iterdir())
    for output in ("out.csv", "out.jsonl"):
        done = subprocess.run(
            [sys.executable, "-c", code, output], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 4, done.stderr
        assert f"the disk is full: {output}" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_predicting_leaves_nothing_half_written(mw: Call, penguins: Path, tmp_path: Path) -> None:
    assert mw("run", "goal.yaml", "--quiet").returncode == 0
    with (tmp_path / "penguins.csv").open("a") as out:
        out.write("Adelie,too,few\n")
    done = mw("predict", "penguins", "penguins.csv", "-o", "out.csv")
    assert done.returncode == 2
    assert "--quarantine" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    done = mw(
        "predict", "penguins", "penguins.csv", "-o", "out.csv", "--quarantine", "broken.jsonl", "--json"
    )
    assert (done.returncode, json.loads(done.stdout)["broken"]) == (0, 1)
    assert len((tmp_path / "broken.jsonl").read_text().splitlines()) == 1
    shutil.copyfile(tmp_path / "out.csv", tmp_path / "before.csv")
    done = mw("predict", "penguins", "penguins.csv", "-o", "penguins.csv")
    assert done.returncode == 2
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
