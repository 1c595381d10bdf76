"""Checks before training where an input is a picture."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import modelwright as mw
from modelwright.testing import media_tables

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")


@pytest.mark.slow  # whole runs
@pytest.mark.parametrize("same", [False, True])
def test_rows_are_alike_only_where_their_pictures_are(same: bool, tmp_path: Path) -> None:
    frame = media_tables.pictures(160, 0).with_columns(size=pl.lit(1.0) + pl.int_range(160) % 4)
    if same:
        frame = frame.with_columns(picture=pl.lit(frame["picture"][0]))
    goal = mw.Goal(
        data={"source": frame, "target": "where"},
        search={"families": ["toy_media"], "trials": 1},
        budget={"cores": 1},
    )
    run = mw.run(goal, runs=tmp_path)
    told = (run.path / "evidence.jsonl").read_text()
    assert ("have an equal row with another 'where'" in told) is same
