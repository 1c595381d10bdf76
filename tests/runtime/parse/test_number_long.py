"""A page of text is no number, and it does not take long to say so."""

from __future__ import annotations

import random

from modelwright.runtime.parse.number import build


def test_a_text_of_a_megabyte_is_no_range_and_no_sum() -> None:
    """The patterns of ranges and sums go through a text once for each of its digits: without a limit this
    would take an hour."""
    random.seed(0)
    text = " ".join(random.choice(["word", "- 7", "zz", "5 ft"]) for _ in range(250_000))
    read = build({"ranges": True, "compound": True, "units": {"ft": 1.0, "in": 1 / 12}})
    assert read(text) is None
    assert read("10 - 12") == 11.0
    assert read("5 ft 6 in") == 5.5
    assert read("0." + "5" * 600) == 5 / 9
