"""Values that are not shown, and how cells are shown."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.evidence.testing.private import HIDDEN, personal, private_columns
from modelwright.evidence.testing.shown import cell
from modelwright.goal.sections import RolesSection
from modelwright.testing.planted import tables, world

CARD = 4_111_111_111_111_111


def luhn(head: int) -> int:
    """The number with the check digit that makes it a card number (ISO/IEC 7812-1)."""
    digits = [int(d) for d in str(head)][::-1]
    total = sum(sum(divmod(d * 2, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return head * 10 + (-total) % 10


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 120
    return pl.DataFrame(
        {
            "x": rng.normal(size=n),
            "card": [float(luhn(411_111_111_111_000 + i)) for i in range(n)],
            "number": [float(4_111_111_111_111_000 + i) for i in range(n)],
            "mail": [f"a{i}@example.org" for i in range(n)],
            "id": [f"k{i}" for i in range(n)],
            "sex": rng.choice(["man", "woman"], n),
            "y": rng.choice(["yes", "no"], n),
        }
    )


def test_the_check_digit_is_right() -> None:
    assert luhn(CARD // 10) == CARD


def test_what_is_private() -> None:
    roles = RolesSection(keys=("id",), sensitive=("sex",))
    w = world(frame(), {"x": 1.0}, part={"id": "key", "sex": "sensitive"}, roles=roles)
    found = personal(w.development)
    assert found == {"card": ("card",), "mail": ("email",)}
    assert private_columns(w.development, roles, found) == {"card", "mail", "id", "sex"}


def test_private_values_are_nowhere_in_the_evidence() -> None:
    w = world(frame(), {"x": 1.0}, part={"id": "key"}, roles=RolesSection(keys=("id",)))
    _, book = w.test()
    said = repr(book.items)
    assert "example.org" not in said
    assert "'k1'" not in said
    assert "4111111111110" not in said
    assert HIDDEN in {c for row in tables(book, "hard-rows")[0].rows for c in row}


def test_cells() -> None:
    rows = pl.DataFrame(
        {
            "n": [1.23456789, None],
            "t": pl.Series([0, 3_600_000_000], dtype=pl.Int64),
            "far": pl.Series([2**62, -(2**62)], dtype=pl.Int64),
            "s": ["a" * 100, "b"],
        }
    )
    nobody: frozenset[str] = frozenset()
    assert cell(rows, 0, "n", nobody) == 1.23457
    assert cell(rows, 1, "n", nobody) is None
    assert cell(rows, 0, "t", nobody) == "1970-01-01"
    assert cell(rows, 1, "t", nobody) == "1970-01-01 01:00:00"
    assert "microseconds" in str(cell(rows, 0, "far", nobody))
    assert cell(rows, 0, "s", nobody) == "a" * 59 + "…"
    assert cell(rows, 1, "s", frozenset({"s"})) == HIDDEN


def test_a_model_without_errors_has_no_hard_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], 200)
    perfect = pl.DataFrame({"x": x, "y": np.where(x > 0, "yes", "no")})
    _, book = world(perfect, {"x": 5.0}).test()
    assert tables(book, "hard-rows")[0].rows == ()
    assert {row[1] for row in tables(book, "explanations")[0].rows} == {"typical"}
