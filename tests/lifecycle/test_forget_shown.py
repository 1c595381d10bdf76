"""Cells of people taken out of what a run shows."""

from __future__ import annotations

from modelwright.lifecycle.forget.shown import Cells


def test_a_row_of_a_csv_goes_with_all_its_lines() -> None:
    cells = Cells({"first line\nsecond line"}, {3})
    text = 'row,note,label\n2,"with ""marks""\nover lines",a\n3,"first line\nsecond line",b\n4,plain,c\n'
    assert cells.csv(text) == 'row,note,label\n2,"with ""marks""\nover lines",a\n4,plain,c\n'


def test_a_quote_that_is_never_closed_ends_with_the_file() -> None:
    assert Cells({"nobody"}, {3}).csv('row,note\n2,"open\n3,x\n') == 'row,note\n2,"open\n3,x\n'
