"""Rows that are exactly alike: on one side, unless the goal or the table says that they are different."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.records.data import ROW, Split
from modelwright.goal.sections import SplitSection
from modelwright.testing.parts import parted


def table(n: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"x": rng.normal(size=n), "y": [f"c{i}" for i in rng.integers(0, 2, n)]})


def sides(made: Split) -> tuple[set[int], set[int]]:
    """The rows to learn from, and those of the test."""
    learnt, tested = (set(part.table.get()[ROW].to_list()) for part in (made.development, made.sealed))
    assert not learnt & tested
    return learnt, tested


def test_a_test_file_is_the_test_and_its_copies_are_not_learnt() -> None:
    frame = table(1000)
    frame = pl.concat([frame, frame[:20], table(180, seed=9)])
    made, found = parted(frame, test_rows=200)
    assert made.kind == "file"
    assert made.counts == {"train": 980, "validation": 0, "test": 200, "left out": 20}
    assert sides(made)[1] == set(range(1000, 1200))
    assert [(f.code, f.numbers["rows"]) for f in found] == [("split.test-copies", 20)]


def test_a_test_file_that_was_learnt_blocks() -> None:
    frame = table(100)
    made, found = parted(pl.concat([frame, frame]), test_rows=100)
    assert ("split.test-seen", "blocker") in [(f.code, f.severity) for f in found]
    assert made.counts["train"] == 100


def test_equal_rows_that_the_goal_takes_for_different_things_are_parted_like_all_others() -> None:
    frame = table(1000)
    frame = pl.concat([frame, frame[:20], table(180, seed=9)])
    made, found = parted(frame, SplitSection(duplicates="independent"), test_rows=200)
    assert made.counts == {"train": 1000, "validation": 0, "test": 200}
    assert [(f.code, round(f.numbers["share"], 4)) for f in found] == [
        ("split.duplicates-independent", round(40 / 1200, 4))
    ]
    unlike, found = parted(table(200), SplitSection(duplicates="independent"))
    assert len(set.union(*sides(unlike))) == 200
    assert found == []


def test_copies_stay_together_and_are_reported_where_they_are_many() -> None:
    frame = table(200)
    made, found = parted(pl.concat([frame] * 3))
    copies = [{i % 200 for i in part} for part in sides(made)]
    assert not copies[0] & copies[1]
    assert [f.code for f in found] == ["split.duplicates"]


def test_rows_alike_by_chance_are_not_bound() -> None:
    """Two columns of three values: binding equal rows would put each cell's "yes" rows on one side and its
    "no" rows on the other, and teach the opposite of what is tested."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, 900), rng.integers(0, 3, 900)
    y = np.where(rng.random(900) < 0.15 + 0.3 * (a == 2) + 0.3 * (b == 2), "yes", "no")
    frame = pl.DataFrame({"a": a.astype(str), "b": b.astype(str), "y": y})
    made, found = parted(frame)
    assert [f.code for f in found] == ["split.alike-by-chance"]
    learnt, tested = made.development.table.get(), made.sealed.table.get()
    assert tested.height > 100
    in_learnt = learnt.group_by("a", "b").agg(pl.col("__target__").mean().alias("share"))
    joined = tested.join(in_learnt, on=["a", "b"])
    told = joined.select(pl.corr("share", pl.col("__target__").cast(pl.Float64))).item()
    assert told > 0.15


def texts(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    words = np.array([f"word{i}" for i in range(400)])
    told = [" ".join(rng.choice(words, 30)) for _ in range(n)]
    return pl.DataFrame({"t": told, "y": [f"c{i}" for i in rng.integers(0, 2, n)]})


def changed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("t").str.replace(r"\w+$", "another"))


def test_texts_that_nearly_equal_those_of_a_given_test_are_not_learnt() -> None:
    frame = texts(500)
    whole = pl.concat([frame[:400], changed(frame[:30]), frame[400:]])  # the last 130 rows are the test
    made, found = parted(whole, test_rows=130, kinds={"t": "text"})
    assert made.counts == {"train": 370, "validation": 0, "test": 130, "left out": 30}
    assert sides(made)[0] == set(range(30, 400))
    assert [(f.code, f.numbers["rows"]) for f in found] == [("split.test-near-copies", 30)]


def test_texts_nearly_equal_that_the_goal_takes_for_different_things_are_learnt_and_told() -> None:
    frame = texts(500)
    whole = pl.concat([frame[:400], changed(frame[:30]), frame[400:]])
    made, found = parted(whole, SplitSection(duplicates="independent"), test_rows=130, kinds={"t": "text"})
    assert made.counts["train"] == 400
    assert "split.near-duplicates" in [f.code for f in found]


def test_more_nearly_equal_texts_than_others_are_told_and_kept() -> None:
    frame = texts(200)
    made, found = parted(pl.concat([frame, changed(frame)]), test_rows=200, kinds={"t": "text"})
    assert made.counts["train"] == 200
    assert [f.code for f in found] == ["split.near-duplicates"]
