"""A data set read, cleaned and profiled without a goal: what one looks at before writing one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.codec import encode
from modelwright.core.records.data import Cleaned, Profile
from modelwright.core.records.evidence import Evidence, Finding
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.profile.stage import profile_table
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SourceSection


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of a data set; ``evidence``: findings, tables and figures in their order."""

    name: str
    profile: Profile
    cleaned: Cleaned
    evidence: tuple[Evidence, ...]

    @property
    def findings(self) -> list[Finding]:
        return [item for item in self.evidence if isinstance(item, Finding)]

    def to_json(self) -> dict[str, Any]:
        """``columns`` (each with its profile, and ``cleaning``: what was done to its cells), ``numbers`` of
        the whole table, and ``findings``."""
        done = {c.name: [op.sentence for op in c.operations if op.changed] for c in self.cleaned.columns}
        return {
            "name": self.name,
            "rows": self.profile.rows,
            "numbers": self.profile.numbers,
            "columns": [encode(c) | {"cleaning": done[c.name]} for c in self.profile.columns],
            "findings": [encode(f) for f in self.findings],
        }


def look(source: str, section: CleanSection | None = None) -> Looked:
    """Read, clean and profile all rows of a source, as a run would. Raises
    :class:`~modelwright.core.errors.BadData`."""
    book = Book()
    collected = collect(SourceSection(source), book)
    problem = ProblemSection(Path(source).name)
    cleaned = clean(section or CleanSection(), RolesSection(), problem, collected, book)
    del collected  # the rows as they were written are not needed any more
    table: pl.DataFrame = cleaned.table.get()
    found = profile_table(table, cleaned.columns, book)
    return Looked(Path(source).name, found, cleaned, book.items)
