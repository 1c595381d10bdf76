"""What is read all at once is what the runtime's parser reads."""

from __future__ import annotations

import polars as pl
import pytest

from modelwright.data.clean import dates, quick
from modelwright.runtime.parse import ColumnParser, ColumnSpec, OperationSpec
from modelwright.runtime.parse.column import UNREAD

TEXTS = [
    "Hello, world", "don't  stop", " blank ", "NA", "n/a", "", "a_b c9", "Ünïcode words", "ﬁne", "...", "x",
    "tab\there", "two\nlines", "'quoted'", "it''s", "\x1fodd", "A-B", "A  B", "-", "UPPER case", "\u00a0x",
]  # fmt: skip
DATES = [
    "2020-02-29", "2021-02-29", "2020-2-9", "0999-01-01", "1000-01-01", "9999-12-31", "2020-13-01",
    "2020-12-01 ", "2020-12-01 10:20:30", "2020-12-01 24:00:00", "2020-12-01  10:20:30", "2020-12-01 10:20",
    "2020-12-01T10:20:30", "31/12/2020", "12/31/2020", "01.02.2020", "20200131", "20201301", "NA", "",
    "2020-12-01 10:20:60", "later",
]  # fmt: skip


def slow(texts: list[str], spec: ColumnSpec) -> list[object]:
    return ColumnParser(spec).many(texts)


def agrees(texts: list[str], spec: ColumnSpec) -> int:
    """How many were read all at once; fails where one of them is not what the parser reads."""
    found = quick.read(pl.Series("x", texts, dtype=pl.String), spec)
    if found is None:
        return 0
    for text, fast, one in zip(texts, found.to_list(), slow(texts, spec), strict=True):
        assert fast is None or (fast == one and one is not UNREAD), text
    return len(found) - found.null_count()


@pytest.mark.parametrize("marks", [True, False])
def test_texts(marks: bool) -> None:
    before = (OperationSpec("strip"), OperationSpec("missing", {"markers": ["NA", "n/a", ""]}))
    spec = ColumnSpec("x", "text", "input", (*before, OperationSpec("text", {"marks": marks})))
    assert agrees(TEXTS, spec) >= 8


def test_categories() -> None:
    spec = ColumnSpec("x", "category", "input", (OperationSpec("missing", {"markers": ["NA", "n/a", ""]}),))
    assert agrees(TEXTS, spec) >= 10


@pytest.mark.parametrize(
    "formats",
    [
        ["%Y-%m-%d"], ["%Y-%m-%d %H:%M:%S"], ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"], ["%d/%m/%Y", "%m/%d/%Y"],
        ["%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d"], ["%Y%m%d"], ["%Y-%m-%dT%H:%M:%S"], ["%Y-%m-%d %H:%M"],
        ["%d.%m.%Y"], ["%b %Y", "%Y-%m-%d"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", [0, 120])
def test_dates(formats: list[str], zone: int) -> None:
    spec = ColumnSpec(
        "x", "date", "input",
        (OperationSpec("strip"), OperationSpec("missing", {"markers": ["NA", ""]}),
         OperationSpec("date", {"formats": formats, "zone": zone})),
    )  # fmt: skip
    found = agrees(DATES, spec)
    assert found >= (0 if formats[0] == "%b %Y" else 1)


def test_sound_dates_are_read_all_at_once() -> None:
    days = pl.Series(["1999-12-31", "2024-02-29"] * 3)
    assert dates.read(days, ["%Y-%m-%d"]).null_count() == 0


def test_a_marker_that_is_a_date_is_left_to_the_parser() -> None:
    marker = OperationSpec("missing", {"markers": ["1900-01-01"]})
    spec = ColumnSpec("x", "date", "input", (marker, OperationSpec("date", {"formats": ["%Y-%m-%d"]})))
    assert quick.read(pl.Series(["1900-01-01"]), spec) is None


@pytest.mark.parametrize("name", ["mask", "spellings", "case", "repair"])
def test_what_changes_texts_is_left_to_the_parser(name: str) -> None:
    assert quick.read(pl.Series(["a"]), ColumnSpec("x", "category", "input", (OperationSpec(name),))) is None
