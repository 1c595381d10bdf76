"""The split of a table as a run would make it, for tests of splits and of what builds on them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Kind, Split
from modelwright.core.records.evidence import Finding
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.sections import ProblemSection, RolesSection, SplitSection, SuccessSection
from modelwright.testing.tables import cleaned_of

Made = tuple[Split, list[Finding]]


def parted(
    frame: pl.DataFrame,
    section: SplitSection | None = None,
    *,
    roles: RolesSection | None = None,
    success: tuple[str, ...] = (),
    seed: int = 0,
    test_rows: int = 0,
    kinds: Mapping[str, Kind] | None = None,
) -> Made:
    """The parts of ``frame`` with the target ``y``, and what was found on the way.

    ``test_rows``: the last rows of the frame that count as the rows of ``data.test``.
    ``kinds``: of columns that are not what their values are taken for.
    """
    book = Book()
    roles = roles or RolesSection()
    named = {roles.group: "group", roles.time: "time"}
    cleaned = cleaned_of(
        frame,
        "y",
        kinds=kinds,
        roles={name: role for name, role in named.items() if name is not None},  # type: ignore[misc]
        test_rows=test_rows,
    )
    goal = SuccessSection(tuple(parse_criterion(c) for c in success))
    problem = ProblemSection("t", target="y")
    made = split(
        section or SplitSection(),
        roles,
        problem,
        goal,
        label(problem, roles, goal, cleaned, Book()),
        seed,
        book,
    )
    return made, [i for i in book.items if isinstance(i, Finding)]
