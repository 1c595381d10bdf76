"""XML: the elements that repeat are rows, their attributes and children the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from modelwright.data.nested.elements import xml_plan
from modelwright.data.nested.plan import Choice
from modelwright.data.nested.shape import Shape
from modelwright.data.nested.table import Plan, Rows
from modelwright.data.nested.xml import Names, records, survey
from modelwright.data.read import names as column_names
from modelwright.data.read.nested import facts_of, no_rows, said
from modelwright.data.read.reader import Batch, Read
from modelwright.data.read.source import existing, opened, plain_suffix
from modelwright.goal.sections import ReadingSection

_AT_ONCE = 50_000


class XmlReader:
    """Every value is the text that stands in the document; entities are never expanded."""

    name = "xml"
    takes = frozenset({"records", "nested"})

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) == ".xml"

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
        label = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
        choices: list[Choice] = []
        if plan is None:
            names = Names()
            roots: dict[str, Shape] = {}
            for path in paths:
                with opened(path) as stream:
                    survey(stream, path.name, names, roots)
            made, choices = xml_plan(roots, names, dict(wishes.nested), wishes.records, target, label)
        else:
            made = Plan.from_json(plan)
        rows = Rows(made.columns())
        for path in paths:
            with opened(path) as stream:
                for cells in _cells(stream, path, made):
                    rows.add(cells)
        frame = rows.frame()
        if not rows.height or all(frame[name].null_count() == frame.height for name in frame.columns):
            raise no_rows(label)
        settled, notes = column_names.settle(frame.columns)
        frame = frame.rename(dict(zip(frame.columns, settled, strict=True)))
        details = {"rows are": f"<{made.records[-1]}>" if made.records else "whole documents"}
        return Read(
            frame, facts_of(paths, self.name, frame, details), (), tuple(notes),
            said(choices, "XML"), made.to_json(),
        )  # fmt: skip

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        path = existing(source)
        made = Plan.from_json(plan)
        gathered = Rows(made.columns())
        with opened(path) as stream:
            for cells in _cells(stream, path, made):
                gathered.add(cells)
                if gathered.height >= rows:
                    yield Batch(gathered.frame())
                    gathered = Rows(made.columns())
        if gathered.height:
            yield Batch(gathered.frame())


def _cells(stream: IO[bytes], path: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    names = Names(plan.extra.get("namespaces"))
    for part in records(stream, path.name, names, plan.records, _AT_ONCE):
        for around, value in part:
            yield plan.row(value, around)
