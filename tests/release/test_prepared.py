"""The checklist of data preparation, from the records of a real small run."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Cleaned, Collected, Labelled, Split
from modelwright.core.records.evidence import Finding
from modelwright.core.records.models import Trained
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    RolesSection,
    SourceSection,
    SplitSection,
    SuccessSection,
)
from modelwright.release.prepared import checklist, table

ROLES = RolesSection()
N = 120


def made(frame: dict[str, list[object]]) -> tuple[Collected, Cleaned, Labelled, Split, list[Finding]]:
    book = Book()
    problem, success = ProblemSection("t", target="y"), SuccessSection()
    collected = collect(SourceSection("frame"), book, pl.DataFrame(frame))
    cleaned = clean(CleanSection(), ROLES, problem, collected, book)
    labelled = label(problem, ROLES, success, cleaned, book)
    parts = split(SplitSection(), ROLES, problem, success, labelled, 0, book)
    return collected, cleaned, labelled, parts, [i for i in book.items if isinstance(i, Finding)]


def trained() -> Trained:
    """What the checklist reads of it: the members, of which there is none here."""
    from modelwright.core.records.blob import Blob
    from modelwright.core.records.models import Member

    blob = Blob.of(b"", "bytes")
    baseline = Member("majority", "majority", blob, 1.0)
    return Trained((), (), baseline, (), blob, "accuracy", 0.5, 0, 0.0, "trials")


def statuses(frame: dict[str, list[object]], **changed: str) -> dict[str, tuple[str, str]]:
    collected, cleaned, labelled, parts, told = made(frame)
    read, test = replace(collected, **changed), parts.sealed.rows
    lines = checklist(read, cleaned, labelled, parts.development, trained(), test, ROLES, told)
    assert table(lines).rows == lines
    return {step: (status, how) for step, status, how in lines}


TIDY: dict[str, list[object]] = {"x": [float(k % 17) for k in range(N)], "y": ["a", "b"] * (N // 2)}
DIRTY: dict[str, list[object]] = {
    "weight": [f"{60 + k % 30} kg" if k % 2 else f"{130 + k % 40} lb" for k in range(N)],
    "note": [f"write to p{k % 60}@example.org or ?" for k in range(N)],
    "gap": ["?" if k % 9 == 0 else str(k % 13) for k in range(N)],
    "y": ["a", "b", None] * (N // 3),
}


def test_a_tidy_table() -> None:
    found = statuses(TIDY, licence="CC0", consent="made up")
    assert {step: status for step, (status, _) in found.items()} == {
        "sourced": "done", "cleaned": "nothing to do", "normalised": "nothing to do",
        "anonymised": "nothing to do", "labelled": "done", "diverse": "not done", "split": "done",
        "encoded": "nothing to do", "deduplicated": "done", "outliers": "nothing to do",
        "missing values": "nothing to do", "scaled": "nothing to do",
    }  # fmt: skip


def test_a_dirty_table() -> None:
    found = statuses(DIRTY)
    assert {step: status for step, (status, _) in found.items()} == {
        "sourced": "partly", "cleaned": "done", "normalised": "done", "anonymised": "not done",
        "labelled": "partly", "diverse": "not done", "split": "done", "encoded": "nothing to do",
        "deduplicated": "nothing to do", "outliers": "nothing to do", "missing values": "done",
        "scaled": "nothing to do",
    }  # fmt: skip
    assert "licence and consent" in found["sourced"][1]
    assert "number (120 cells)" in found["normalised"][1]
    assert "note" in found["anonymised"][1]
