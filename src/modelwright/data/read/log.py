"""System logs: a row is a line with its template and values, or a window of time with counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.data.logs import formats
from modelwright.data.logs.plan import Line, LogPlan, Miner, Rows, parted
from modelwright.data.nested.table import Rows as Table
from modelwright.data.read import encoding as encodings
from modelwright.data.read.limits import LARGEST_CELL, too_large
from modelwright.data.read.nested import facts_of, no_rows
from modelwright.data.read.reader import Batch, BrokenRow, Read, Said
from modelwright.data.read.source import existing, plain_suffix
from modelwright.goal.sections import ReadingSection

_LOOKED_AT = 1_000


class LogReader:
    """The format is found by the first lines, templates by Drain over all of them."""

    name = "log"
    takes = frozenset({"format", "window"})

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) == ".log"

    def read(self, source: str, query: str | None = None) -> Read:
        return self.read_all([source], ReadingSection())

    def read_all(
        self,
        sources: Sequence[str],
        wishes: ReadingSection,
        target: str | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> Read:
        paths = [existing(source) for source in sources]
        said: tuple[Said, ...] = ()
        if plan is None:
            first = [text for _, text in islice(_texts(paths[0]), _LOOKED_AT)]
            kind = formats.find(first, wishes.format, paths[0].name)
            miner = Miner(kind)
            for line in _lines(paths, kind, []):
                miner.add(line)
            if not miner.lines:
                raise no_rows(paths[0].name)
            made = miner.plan(wishes.window, paths[0].name)
            said = (_said(made, kind, miner),)
        else:
            made = LogPlan.from_json(plan)
            kind = made.kind()
        broken: list[BrokenRow] = []
        frame = _frame(made, _lines(paths, kind, broken))
        details = {
            "encoding": encodings.find(paths[0]).name,
            "log format": kind.title,
            "templates": str(len(set(made.joined))),
            "rows are": "lines" if made.window is None else f"windows of {made.window:g} s",
        }
        return Read(
            frame, facts_of(paths, self.name, frame, details), tuple(broken), (), said, made.to_json()
        )

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        made = LogPlan.from_json(plan)
        path = existing(source)
        broken: list[BrokenRow] = []
        lines = _lines([path], made.kind(), broken)
        if made.window is not None:
            yield Batch(_frame(made, lines), tuple(broken))
            return
        while part := list(islice(lines, rows)):
            yield Batch(_frame(made, part), tuple(broken))
            broken.clear()


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, blank ones left out."""
    number, rest = 0, b""
    for part in encodings.utf8(path, encodings.find(path)):
        pieces = (rest + part).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            number += 1
            if piece.strip():
                yield number, piece.decode("utf-8", errors="replace").rstrip("\r")
        if len(rest) > LARGEST_CELL:
            raise too_large(path.name, f"line {number + 1}")
    if rest.strip():
        yield number + 1, rest.decode("utf-8", errors="replace").rstrip("\r")


def _lines(paths: Sequence[Path], kind: formats.Format, broken: list[BrokenRow]) -> Iterator[Line]:
    for path in paths:
        first = formats.first_year(kind, (text for _, text in _texts(path)))
        for item in parted(_texts(path), kind, first):
            if isinstance(item, Line):
                yield item
            else:
                reason = f"it does not begin as lines of the format {kind.name} do"
                broken.append(BrokenRow(path.name, item[0], reason, item[1]))


def _frame(plan: LogPlan, lines: Iterator[Line] | Sequence[Line]) -> pl.DataFrame:
    rows = Rows(plan)
    table = Table(rows.columns())
    for cells in map(rows.line, lines) if plan.window is None else rows.windows(lines):
        table.add({name: value for name, value in cells.items() if value is not None})
    return table.frame()


def _said(plan: LogPlan, kind: formats.Format, miner: Miner) -> Said:
    row = (
        "a row is a line"
        if plan.window is None
        else f"a row is a window of {plan.window:g} s with how often each template and level stood in it"
    )
    year = (
        " The lines have no year: 2000 stands for the first, or one before it if a 29 February needs that."
        if kind.name == "syslog"
        else ""
    )
    return Said(
        "collect.log",
        "note",
        f"the format is {kind.title}; {miner.lines:,} messages have {len(set(plan.joined)):,} templates; "
        f"{row}.{year}",
        "Name or spell out another format as `reading: {format: ...}` in data; `reading: {window: 10m}` "
        "makes windows of time the rows.",
    )
