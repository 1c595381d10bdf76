"""CSV: a row an item with its label, ready to train on; or a row a label, with who and when."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import BadData, BadInput
from modelwright.goal.nearest import did_you_mean
from modelwright.labels.answers import written
from modelwright.labels.exchange.everything import singles
from modelwright.labels.exchange.incoming import Incoming, Read
from modelwright.labels.exchange.moments import iso, micros
from modelwright.labels.final import By, finals
from modelwright.labels.items import spelled
from modelwright.labels.project import Project
from modelwright.labels.store import Store

EACH: Final = ("item", "annotator", "label", "at", "seconds", "how", "note", "suggested")
LABEL: Final = "label"


def plain(project: Project, answer: Any) -> str:
    """An answer in one cell: names, several as ``a|b`` and none of them as ``[]``, marks as JSON."""
    if answer is None:
        return ""
    if project.task == "multiple" and answer and not any("|" in name for name in answer):
        return "|".join(answer)
    return answer if isinstance(answer, str) else written(answer)


def label_column(columns: list[str]) -> str:
    """The name of the column of labels: ``label``, unless the data has one."""
    name = LABEL
    while name in columns:
        name = f"{name}_by_hand" if name == LABEL else f"{name}_"
    return name


def joined(store: Store, project: Project, by: By = "majority") -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The columns, and a row for each item that has a label: the item's own columns, and the label."""
    found = [f for f in finals(store, project, by) if f.answer is not None]
    columns = list(dict.fromkeys(name for f in found for name in f.content))
    name = label_column(columns)

    def rows() -> Iterator[dict[str, Any]]:
        for one in found:
            yield {**one.content, name: plain(project, one.answer)}

    return [*columns, name], rows()


def items_table(store: Store, project: Project, by: By) -> str:
    """As :func:`joined`, as CSV."""
    columns, rows = joined(store, project, by)
    return _table(columns, rows)


def labels_table(store: Store, project: Project) -> str:
    """Every single label."""
    return _table(
        list(EACH),
        (
            {
                "item": s.key, "annotator": s.person, "label": plain(project, s.answer), "at": iso(s.at),
                "seconds": "" if s.seconds is None else s.seconds,
                "how": "skip" if s.answer is None else s.how,
                "note": s.note, "suggested": plain(project, s.suggested),
            }
            for s in singles(store)
        ),
    )  # fmt: skip


def read(path: Path, project: Project) -> Read:
    """Labels of a CSV with ``item`` (or the column that names rows, or that of the content), ``annotator``
    and ``label``; ``at``, ``seconds`` and ``note`` where they are there."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lines = list(reader)
            columns = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadData(
            f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}",
            code="labels.import",
            hint="write it as CSV in UTF-8",
        ) from None
    names = {c.casefold(): c for c in columns}
    wanted = [("item", project.id, project.content), ("label", "answer"), ("annotator", "worker", "person")]
    picked = []
    for options in wanted:
        here = next((names[o.casefold()] for o in options if o and o.casefold() in names), None)
        if here is None and options[0] != "annotator":
            raise BadData(
                f"{path.name} has no column {options[0]!r}",
                code="labels.import",
                hint=did_you_mean(options[0], columns)
                or f"it needs item and label, and may have annotator; it has {', '.join(columns[:20])}",
            )
        picked.append(here)
    item, label, person = picked
    assert item is not None
    assert label is not None
    answers: list[Incoming] = []
    wrong: list[str] = []
    for number, line in enumerate(lines, 2):
        text = (line.get(label) or "").strip()
        if not text:
            continue
        try:
            answer = spelled(project, text)
        except BadInput as error:
            wrong.append(f"line {number}: {error.message}")
            continue
        seconds = line.get("seconds") or ""
        answers.append(
            Incoming(
                (line.get(item) or "").strip(),
                ((line.get(person) or "").strip() if person else "") or "import",
                answer,
                micros(line.get("at")),
                float(seconds) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]*)?", seconds) else None,
                line.get("note") or "",
            )
        )
    return Read(tuple(answers), tuple(wrong))


def _table(columns: list[str], rows: Iterator[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
