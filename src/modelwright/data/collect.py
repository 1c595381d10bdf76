"""Collect (steps 4 and 5): rows as their sources give them, with where they came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Collected, Earlier, Increment, SourceFacts
from modelwright.data import answers, corrections
from modelwright.data.read import limits
from modelwright.data.read.attach import attach, folder_of
from modelwright.data.read.door import check_same_columns, read
from modelwright.data.read.frame import read_frame
from modelwright.data.read.increment import read_grown
from modelwright.data.read.reader import Read
from modelwright.data.read.stacked import stack
from modelwright.data.read.steady import steady
from modelwright.goal.sections import SourceSection

VERSION = 1
NOTHING_EARLIER = Earlier()


def collect(
    source: SourceSection, book: Book, frame: Any = None, earlier: Earlier = NOTHING_EARLIER
) -> Collected:
    """Read the source, and the test file where there is one; ``frame`` takes the place of the source.
    ``earlier``: what an earlier run read, where only what is new is to be read.

    The table has every column of the source as given (text of a text file stays text) and ROW, the place of
    the row among those collected. Raises :class:`~modelwright.core.errors.BadData`.
    """
    increment: Increment | None = None
    if frame is not None:
        main = read_frame(frame)
    else:
        with steady(source.source):
            if source.increment:
                grown = read_grown(source, earlier.collected)
                main, increment = grown.read, grown.state
            else:
                main = read(source.source, source.query, source.reading, source.target)
    if source.labelled_later and source.target is not None and source.target not in main.frame.columns:
        empty = pl.lit(None, dtype=pl.String).alias(source.target)
        main = replace(main, frame=main.frame.with_columns(empty))
    attached: list[SourceFacts] = []
    if frame is None:
        main = _with_files(main, source.source, source, attached)
    limits.check_cells(main.frame, main.facts.name)
    reads = [main]
    table = main.frame
    test_rows = 0
    if source.test is not None:
        with steady(source.test):
            test = read(source.test, source.query if _same_kind(source) else None, plan=main.plan)
        test = _with_files(test, source.test, source, attached)
        limits.check_cells(test.frame, test.facts.name)
        target_only = set(main.frame.columns) ^ set(test.frame.columns)
        if target_only:
            check_same_columns(main.frame, main.facts.name, test.frame, test.facts.name)
        table = stack([main.frame, test.frame.select(main.frame.columns)])
        test_rows = test.frame.height
        reads.append(replace(test, facts=replace(test.facts, details={**test.facts.details, "part": "test"})))
    _say(reads, book)
    broken = [row for one in reads for row in one.quarantine]
    lines = "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in broken)
    sources = (*(one.facts for one in reads), *attached)
    table = table.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    return Collected(
        table=Blob.of(table, "table"),
        rows=table.height,
        columns=tuple(name for name in table.columns if name != ROW),
        sources=sources,
        digest=hashlib.sha256("\n".join(one.digest for one in sources).encode()).hexdigest(),
        quarantined=len(broken),
        quarantine=Blob.of(lines, "text") if broken else None,
        test_rows=test_rows,
        licence=source.licence or "",
        consent=source.consent or "",
        collected=source.collected or "",
        read_at=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        corrections=Blob.of(corrections.read(source.corrections, source.keys, table), "json")
        if source.corrections is not None
        else None,
        answers=Blob.of(answers.read(source.answers, source.keys, table), "json")
        if source.answers is not None
        else None,
        beside=tuple(dict.fromkeys(name for one in reads for name in one.beside)),
        part=main.part if source.test is None else None,
        reading=Blob.of(dict(main.plan), "json") if main.plan is not None else None,
        increment=increment,
    )


def _with_files(made: Read, place: str, source: SourceSection, attached: list[SourceFacts]) -> Read:
    """With the contents of the files that its columns name, but for the target and the keys."""
    found = attach(made.frame, folder_of(place), but=[*source.keys, *made.beside, source.target or ""])
    attached.extend(found.facts)
    beside = (*made.beside, *found.beside)
    return replace(made, frame=found.frame, said=(*made.said, *found.said), beside=beside)


def _same_kind(source: SourceSection) -> bool:
    """Whether the query is for the test source too: only where it is a database of its own."""
    return source.test is not None and "://" in source.test


def _say(reads: list[Read], book: Book) -> None:
    for one in reads:
        if one.quarantine:
            of_files = one.facts.format == "folder"
            first = ", ".join(row.source if of_files else str(row.line) for row in one.quarantine[:5])
            what = "files" if of_files else "rows"
            more = ", ..." if len(one.quarantine) > 5 else ""
            share = len(one.quarantine) / (one.facts.rows + len(one.quarantine))
            book.finding(
                "collect.broken-rows",
                "warning",
                f"{one.facts.name}: {len(one.quarantine)} broken {what} were kept aside "
                f"({'' if of_files else 'lines '}{first}{more}); "
                f"the first: {one.quarantine[0].reason}.",
                "Mend the rows named in the quarantine file, or accept that they are left out.",
                numbers={"rows": float(len(one.quarantine)), "share": share},
            )
        encoding = one.facts.details.get("encoding", "utf-8")
        if not encoding.startswith("utf"):
            book.finding(
                "collect.encoding",
                "note",
                f"{one.facts.name} is not UTF-8; it was read as {encoding}, by the look of it.",
                "Check names with accents in it; save the file as UTF-8 if they are wrong.",
            )
        for said in one.said:
            book.finding(said.code, said.severity, f"{one.facts.name}: {said.message}", said.remedy)
        for note in one.notes:
            book.finding(
                "collect.columns",
                "note",
                f"{one.facts.name}: {note}",
                "Use these names in the goal, or give the columns names in the source.",
            )
