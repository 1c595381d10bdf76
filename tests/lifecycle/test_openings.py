from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.records.goal import Openings
from modelwright.lifecycle.openings import open_rows, row_hashes


def table(rows: int = 200, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"x": rng.normal(size=rows), "y": rng.integers(0, 5, rows), "__row__": range(rows)})


WHOLE = table(2000)
ROWS = WHOLE[:300]


def test_the_same_graph_on_the_same_rows_is_one_opening(tmp_path: Path) -> None:
    first = open_rows(tmp_path, ROWS, "graph-a", "run-1")
    assert first == Openings(1, 0.95, ())
    assert open_rows(tmp_path, ROWS, "graph-a", "run-1") == first
    assert open_rows(tmp_path, ROWS, "graph-a", "run-2") == first


def test_another_graph_counts_and_widens_the_intervals(tmp_path: Path) -> None:
    open_rows(tmp_path, ROWS, "graph-a", "run-1")
    second = open_rows(tmp_path, ROWS, "graph-b", "run-2")
    assert (second.count, second.others) == (2, ("run-1",))
    assert second.level == pytest.approx(0.975)
    third = open_rows(tmp_path, ROWS, "graph-c", "run-3")
    assert (third.count, third.others) == (3, ("run-1", "run-2"))
    assert third.level == pytest.approx(1 - 0.05 / 3)


def test_an_opening_keeps_its_count_when_it_is_repeated(tmp_path: Path) -> None:
    first = open_rows(tmp_path, ROWS, "graph-a", "run-1")
    second = open_rows(tmp_path, ROWS, "graph-b", "run-2")
    assert open_rows(tmp_path, ROWS, "graph-a", "run-1") == first
    assert open_rows(tmp_path, ROWS, "graph-b", "run-9") == second


def test_order_and_inner_columns_do_not_hide_the_rows(tmp_path: Path) -> None:
    open_rows(tmp_path, ROWS, "graph-a", "run-1")
    turned = ROWS.reverse().select("__row__", "y", "x").with_columns(pl.col("__row__") + 5)
    assert row_hashes(turned) == row_hashes(ROWS)
    assert open_rows(tmp_path, turned, "graph-a", "run-1").count == 1
    assert open_rows(tmp_path, turned, "graph-b", "run-2").count == 2


def test_parts_drawn_with_another_seed_overlap_and_count(tmp_path: Path) -> None:
    """15% of a table twice: they share about 15% of their rows."""
    open_rows(tmp_path, WHOLE.sample(300, seed=1), "graph-a", "run-1")
    assert open_rows(tmp_path, WHOLE.sample(300, seed=2), "graph-b", "run-2").count == 2


def test_strangers_do_not_count(tmp_path: Path) -> None:
    open_rows(tmp_path, ROWS, "graph-a", "run-1")
    assert open_rows(tmp_path, table(300, seed=9), "graph-b", "run-2").count == 1
    two_in_common = pl.concat([table(298, seed=8), ROWS[:2]])
    assert open_rows(tmp_path, two_in_common, "graph-c", "run-3").count == 1


def test_a_part_within_another_counts(tmp_path: Path) -> None:
    open_rows(tmp_path, WHOLE[:1500], "graph-a", "run-1")
    assert open_rows(tmp_path, WHOLE[:20], "graph-b", "run-2").count == 2


def test_another_goal_for_the_same_source_opens_the_same_rows(tmp_path: Path) -> None:
    """Kinds and spellings change what cleaning makes of a row, and not which row it is."""
    read = ROWS.with_columns(pl.col("y").cast(pl.String))
    open_rows(tmp_path, ROWS, "graph-a", "run-1", read)
    otherwise = ROWS.with_columns(pl.col("x").round(1), pl.col("y").cast(pl.String) + " stars")
    assert open_rows(tmp_path, otherwise, "graph-b", "run-2", read).count == 2
    assert open_rows(tmp_path, ROWS, "graph-c", "run-3", read.with_columns(pl.col("x") * 1.0)).count == 3


def test_without_rows_nothing_is_opened(tmp_path: Path) -> None:
    assert open_rows(tmp_path, ROWS[:0], "graph-a", "run-1") == Openings(1, 0.95)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_at_any_moment_leaves_the_ledger_usable(tmp_path: Path) -> None:
    """Whatever a kill left of the second opening, it can be repeated and has the same count."""
    open_rows(tmp_path, ROWS, "graph-a", "run-1")
    code = (
        "import os, sys, pathlib\nimport polars as pl\n"
        "step, left = sys.argv[2], int(sys.argv[3])\n"
        "def counted(real):\n"
        "    def call(*a, **k):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0: os.kill(os.getpid(), 9)\n"
        "        return real(*a, **k)\n"
        "    return call\n"
        "setattr(os, step, counted(getattr(os, step)))\n"
        "from modelwright.lifecycle.openings import open_rows\n"
        "rows = pl.read_ipc(sys.argv[4])\n"
        "open_rows(pathlib.Path(sys.argv[1]), rows, 'graph-b', 'run-2')\n"
    )
    stored = tmp_path / "rows.arrow"
    ROWS.write_ipc(stored)
    for step, left in [("fsync", 0), ("replace", 0), ("fsync", 1)]:
        command = [sys.executable, "-c", code, str(tmp_path), step, str(left), str(stored)]
        assert subprocess.run(command, check=False).returncode == -9
        assert open_rows(tmp_path, ROWS, "graph-b", "run-2").count == 2
        for path in tmp_path.glob("*.json"):
            if "graph-b" in path.read_text():
                path.unlink()


def test_two_runs_at_once_see_each_other(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nimport polars as pl\n"
        "from modelwright.lifecycle.openings import open_rows\n"
        "rows = pl.read_ipc(sys.argv[2])\n"
        "sys.stdin.read()\n"
        "print(open_rows(pathlib.Path(sys.argv[1]), rows, sys.argv[3], sys.argv[3]).count)\n"
    )
    stored = tmp_path / "rows.arrow"
    WHOLE.write_ipc(stored)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "openings"), str(stored), f"graph-{n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
        run.stdin = None
    assert sorted(int(run.communicate(timeout=60)[0]) for run in runs) == [1, 2, 3]
