"""Nearly equal rows and texts: found where they were planted, and not where rows are alike by chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.data import Column
from modelwright.core.records.evidence import Finding
from modelwright.data.clean import mixture, near
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SourceSection

WORDS = (
    "the of and to in a is that it for was on are as with his they at be this from have or by one "
    "had not but what all were when we there can an your which their said if do will each about how "
    "up out them then she "
).split()


def made_up(count: int, words: int = 20, seed: int = 3) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, words)) + f" n{k}" for k in range(count)]


def test_texts_with_a_word_changed_are_found() -> None:
    texts = made_up(400)
    copies = [f"{texts[k]} again." for k in range(30)] + [texts[k].upper() + " !" for k in range(30, 40)]
    found = near.texts(pl.Series([*texts, None, *copies]))
    assert {tuple(p) for p in found.pairs.tolist()} == {(k, 401 + k) for k in range(30)}
    assert found.rows == 60


def test_texts_of_their_own_are_not() -> None:
    assert not near.texts(pl.Series(made_up(2000))).found
    assert not near.texts(pl.Series(["too short to tell", "too short to tell it"] * 9)).found
    assert not near.texts(pl.Series(["one and the same text of more than eight words, twice"] * 9)).found
    assert not near.texts(pl.Series([None, None], dtype=pl.String)).found


def test_the_jaccard_index_is_the_measure() -> None:
    words = [f"w{k}" for k in range(40)]
    base = " ".join(words)
    alike, unlike = " ".join([*words[:-1], "x"]), " ".join([*words[:30], *(f"y{k}" for k in range(10))])
    assert near.texts(pl.Series([base, alike])).found
    assert not near.texts(pl.Series([base, unlike])).found


def frame_of(rows: int, seed: int = 5) -> tuple[pl.DataFrame, list[Column]]:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {f"x{k}": rng.normal(size=rows).round(3) for k in range(5)} | {"c": rng.choice(["a", "b", "c"], rows)}
    )
    kinds = {name: "category" if name == "c" else "number" for name in frame.columns}
    return frame, [Column(name, kind, "input", True) for name, kind in kinds.items()]  # type: ignore[arg-type]


def test_rows_with_a_slip_are_found() -> None:
    frame, columns = frame_of(500)
    slips = frame[:20].with_columns(pl.col("x2") * 1.001)
    found = near.rows(pl.concat([frame, slips]), columns)
    assert {tuple(p) for p in found.pairs.tolist()} == {(k, 500 + k) for k in range(20)}
    assert found.examples[0][0] == "x2"
    assert not near.rows(frame, columns).found


def test_rows_that_are_alike_by_chance_are_not() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({f"x{k}": rng.integers(0, 4, 3000).astype(float) for k in range(7)})
    columns = [Column(name, "number", "input", True) for name in frame.columns]
    assert not near.rows(frame, columns).found
    assert not near.rows(frame[["x0", "x1"]], columns[:2]).found


def test_the_stage_tells() -> None:
    frame, _ = frame_of(300)
    slips = frame[:30].with_columns(pl.col("x2") * 1.001)
    book = Book()
    table = pl.concat([frame, slips])
    clean(
        CleanSection(),
        RolesSection(),
        ProblemSection("t"),
        collect(SourceSection("frame"), Book(), table),
        book,
    )
    found = [i for i in book.items if isinstance(i, Finding) and i.code == "clean.near-duplicates"]
    assert [(f.severity, f.numbers["pairs"]) for f in found] == [("warning", 30.0)]
    off = Book()
    section = CleanSection(off=("near",))
    clean(section, RolesSection(), ProblemSection("t"), collect(SourceSection("frame"), Book(), table), off)
    assert not [i for i in off.items if isinstance(i, Finding) and i.code == "clean.near-duplicates"]


def test_test_rows_that_were_nearly_learnt_are_told() -> None:
    frame, columns = frame_of(300)
    table = pl.concat([frame, frame[:30].with_columns(pl.col("x2") * 1.001)])
    test = np.arange(330) >= 300
    book = Book()
    near.report_across(near.every(table, columns), test, book)
    found = [i for i in book.items if isinstance(i, Finding)]
    assert [(f.code, f.severity, f.numbers["rows"]) for f in found] == [
        ("split.near-duplicates", "warning", 30.0)
    ]
    nothing = Book()
    near.report_across(near.every(table, columns), np.arange(330) < 150, nothing)
    assert [i.numbers["rows"] for i in nothing.items if isinstance(i, Finding)] == [30.0]
    near.report_across(near.every(table, columns), np.zeros(330, dtype=bool), nothing)


def test_numbers_in_two_units() -> None:
    rng = np.random.default_rng(2)
    heights = rng.normal(172, 9, 400).round(1)
    assert mixture.mixed(heights) is None
    some = heights.copy()
    some[:40] = (some[:40] / 100).round(3)
    found = mixture.mixed(some)
    assert found is not None
    assert (found[0], found[1]) == (100.0, 40)
    weights = rng.lognormal(4, 0.3, 500)
    weights[:200] *= 1000
    assert (mixture.mixed(weights) or (0,))[0] == 1000.0
    others = [
        rng.exponential(5, 500),
        rng.lognormal(0, 3, 500),
        np.concatenate([heights, 9999.0 + np.arange(12)]),
        rng.integers(1, 5, 300).astype(float),
        np.concatenate([rng.normal(10, 1, 200), rng.normal(1000, 300, 200)]),
        np.concatenate([np.full(14, 0.9) + np.arange(14) / 200, np.repeat(np.arange(2.0, 70), 8)]),
    ]
    for other in others:
        assert mixture.mixed(other) is None


@pytest.mark.parametrize(
    "name", ["titanic", "adult_census", "telco_churn", "german_credit", "california_housing"]
)
def test_clean_tables_hold_none(shared_data: Path, name: str) -> None:
    folder = next(shared_data.glob(f"*/{name}"))
    source = max((p for p in folder.iterdir() if p.suffix == ".csv"), key=lambda p: p.stat().st_size)
    book = Book()
    collected = collect(SourceSection(str(source)), Book(), None)
    clean(CleanSection(), RolesSection(), ProblemSection("t"), collected, book)
    codes = {i.code for i in book.items if isinstance(i, Finding)}
    assert not codes & {"clean.near-duplicates", "clean.unit-mix"}
