"""What is said of each column of a real small run."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Cleaned, CleanOperation, Column
from modelwright.core.records.models import Member, Trained
from modelwright.features.defaults import default_recipe
from modelwright.features.facts import column_facts
from modelwright.features.told import told
from modelwright.release.columns_told import table
from modelwright.testing.operations import sample, sample_target


def test_every_column_that_is_used_is_told_with_its_reason() -> None:
    typed = sample()
    for style in ("trees", "dense"):
        recipe = default_recipe(style, typed.signature, column_facts(typed))  # type: ignore[arg-type]
        fitted, _ = recipe.fit(typed, sample_target(typed, 2), 0)
        lines = told(fitted, typed.signature)
        names = [line[0] for line in lines]
        assert len(names) == len(set(names)) > 5
        assert all(encoded and scaled and why for _, encoded, scaled, why in lines)
        text = " ".join(" ".join(line) for line in lines)
        assert ("standard deviation 1" in text) == (style == "dense")
        assert ("left to the trees" in text) == (style == "trees")


def member(family: str, *lines: tuple[str, str, str, str]) -> Member:
    return Member(f"{family}-1", family, Blob.of(b"", "bytes"), 0.5, told=lines)


def test_families_that_do_the_same_share_a_line() -> None:
    columns = (
        Column("a", "number", "input", True, (CleanOperation("number", {}, "", 3),), unit="kg"),
        Column("id", "category", "key", False),
        Column("note", "text", "input", True),
        Column("flat", "number", "input", True),
    )
    cleaned = Cleaned(Blob.of(pl.DataFrame(), "table"), 0, columns, 0, 0, 0)
    trees = ("a", "number", "not scaled", "order")
    nothing = Blob.of({"row": np.zeros(0)}, "arrays")
    members = (
        member("lightgbm", trees),
        member("xgboost", trees),
        member("ridge", ("a", "number", "scaled", "sums")),
    )
    trained = Trained((), members, members[0], (), nothing, "r2", 0.0, 0, 0.0, "trials")
    made = table(cleaned, trained)
    assert made is not None
    assert made.rows[:2] == (
        ("a", "number in kg: number (3)", "lightgbm, xgboost", *trees[1:]),
        ("a", "number in kg: number (3)", "ridge", "number", "scaled", "sums"),
    )
    ways = {row[0]: row[3] for row in made.rows[2:]}
    assert ways == {"id": "no input", "note": "read by the family itself", "flat": "left out"}
