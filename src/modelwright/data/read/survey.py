"""Exports of surveys: two header rows, the question and below it the answer that a column stands for.

A question with one column keeps its name. Answers that exclude each other become one column again; answers of
which several can be chosen become yes and no, and nothing where the whole question was passed over; ratings
of several things keep a column each, named ``question: thing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from modelwright.data.read import names as column_names
from modelwright.data.read.reader import Said
from modelwright.runtime.parse.number import PLAIN

_PLAIN_ANSWERS = frozenset({"", "response", "open-ended response", "open ended response", "answer"})
_AT_MOST_TWICE = 0.005
"""Share of rows with two answers up to which answers are taken to exclude each other."""


@dataclass(frozen=True, slots=True)
class Block:
    """A question and its columns. ``kind``: ``plain``, ``one`` (answers that exclude each other), ``several``
    or ``each``."""

    question: str
    first: int
    answers: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Survey:
    """How the columns of an export become those of a table. JSON both ways."""

    second: tuple[str, ...]
    """The second header row, to know it again."""
    blocks: tuple[Block, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "second": list(self.second),
            "blocks": [[b.question, b.first, list(b.answers), b.kind] for b in self.blocks],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Survey:
        blocks = tuple(Block(q, first, tuple(answers), kind) for q, first, answers, kind in data["blocks"])
        return Survey(tuple(data["second"]), blocks)

    def headed(self, frame: pl.DataFrame) -> bool:
        """Whether the first row is the second header."""
        return bool(frame.height) and frame.width == len(self.second) and _cells(frame, 0) == self.second

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The table, of rows without the second header."""
        made: list[pl.Series] = []
        for block in self.blocks:
            columns = [frame.to_series(block.first + k) for k in range(len(block.answers))]
            if block.kind == "plain":
                made.append(columns[0].rename(block.question))
            elif block.kind == "one":
                given = pl.DataFrame([c.rename(str(k)) for k, c in enumerate(columns)])
                chosen = pl.coalesce(pl.when(pl.col(name) != "").then(pl.col(name)) for name in given.columns)
                made.append(given.select(chosen.fill_null("").alias(block.question)).to_series())
            elif block.kind == "several":
                given = pl.DataFrame([(c != "").rename(str(k)) for k, c in enumerate(columns)])
                some = pl.any_horizontal(pl.all())
                for k, answer in enumerate(block.answers):
                    cell = pl.when(pl.col(str(k))).then(pl.lit("yes")).when(some).then(pl.lit("no"))
                    name = f"{block.question}: {answer}"
                    made.append(given.select(cell.otherwise(pl.lit("")).alias(name)).to_series())
            else:
                for answer, column in zip(block.answers, columns, strict=True):
                    made.append(column.rename(f"{block.question}: {answer}"))
        names, _ = column_names.settle([column.name for column in made])
        return pl.DataFrame([column.rename(name) for column, name in zip(made, names, strict=True)])

    def said(self) -> Said:
        count = {kind: sum(b.kind == kind for b in self.blocks) for kind in ("one", "several", "each")}
        return Said(
            "collect.survey",
            "note",
            f"two header rows were found, questions and below them answers: {len(self.blocks)} questions; "
            f"{count['one']} with answers that exclude each other became one column, {count['several']} with "
            f"several answers became yes and no, {count['each']} kept a column for each thing asked.",
            "If the second row is one of the data, name every column in the first.",
        )


def find(given: Sequence[str], frame: pl.DataFrame) -> Survey | None:
    """The survey in a table whose header (``given``, with its blanks) is followed by another; None if it is
    none. All columns have to be text."""
    if frame.height < 3 or frame.width != len(given) or not str(given[0]).strip():
        return None
    blank = [not str(name).strip() for name in given]
    second = _cells(frame, 0)
    if sum(blank) < 2 or any(empty and not answer for empty, answer in zip(blank, second, strict=True)):
        return None
    if sum(PLAIN.fullmatch(answer) is not None for answer in second) > 0.2 * len(second):
        return None
    body = frame.slice(1)
    blocks, sure = [], any(answer.lower() in _PLAIN_ANSWERS and answer for answer in second)
    starts = [k for k, empty in enumerate(blank) if not empty]
    for start, end in zip(starts, [*starts[1:], len(given)], strict=True):
        answers = second[start:end]
        question = " ".join(str(given[start]).split())
        kind = _kind([body.to_series(k) for k in range(start, end)], answers)
        sure |= kind in ("one", "several")
        blocks.append(Block(question, start, answers, kind))
    return Survey(second, tuple(blocks)) if sure else None


def _kind(columns: Sequence[pl.Series], answers: Sequence[str]) -> str:
    if len(columns) == 1:
        return "plain" if answers[0].lower() in _PLAIN_ANSWERS else "each"
    ticked = []
    for column, answer in zip(columns, answers, strict=True):
        filled = column.str.strip_chars()
        if not filled.is_in(["", answer]).all():
            return "each"
        ticked.append((filled != "").cast(pl.Int32))
    together = pl.DataFrame([t.rename(str(k)) for k, t in enumerate(ticked)]).sum_horizontal()
    answered = int((together > 0).sum())
    return "one" if int((together > 1).sum()) <= _AT_MOST_TWICE * max(1, answered) else "several"


def _cells(frame: pl.DataFrame, row: int) -> tuple[str, ...]:
    return tuple(str(value or "").strip() for value in frame.row(row))
