"""A store of labels as a source of a goal: the items that have a label, each with its own columns."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read.frame import from_records
from modelwright.data.read.reader import Read
from modelwright.data.read.source import existing, modified
from modelwright.labels.agreement import in_words, measure
from modelwright.labels.engine import SUFFIX
from modelwright.labels.exchange.csv import joined
from modelwright.labels.final import BYS, By
from modelwright.labels.store import Store


class LabelsReader:
    """``source: tickets.labels``. ``query`` may say what decides where people differ:
    ``majority`` (which holds where nothing is said), ``dawid-skene`` or ``agreed``."""

    name = "labels"

    def suits(self, source: str) -> bool:
        return "://" not in source and source.endswith(SUFFIX)

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        by: By = next((b for b in BYS if b == (query or "majority")), "majority")
        if query and query not in BYS:
            raise BadData(
                f"{query!r} is no way to settle what people differ on",
                code="labels.query",
                hint=f"write one of {', '.join(BYS)}, or leave data.query out",
            )
        store = Store.at(path)
        try:
            _, project = store.must()
            columns, rows = joined(store, project, by)
            records = list(rows)
            people = len([p for p in store.people() if not p.gone])
            agreed = in_words(measure(store, project))
        finally:
            store.close()
        if not records:
            raise BadData(
                f"{path.name} holds no label yet",
                code="labels.none",
                hint=f"`modelwright label {Path(source).name}` opens the page",
            )
        frame = from_records([{c: r.get(c) for c in columns} for r in records])
        facts = SourceFacts(
            name=path.name,
            format="labels",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=_digest(columns, records),
            modified=modified(path),
            details={
                "task": project.task,
                "consensus": by,
                "people": str(people),
                "label": columns[-1],
                **({"agreement": agreed} if agreed else {}),
            },
        )
        return Read(frame.select(pl.all()), facts)


def _digest(columns: list[str], records: list[dict[str, object]]) -> str:
    """Of what is read: the file itself changes with every look at it."""
    made = hashlib.sha256(json.dumps(columns).encode())
    for record in records:
        made.update(json.dumps(record, sort_keys=True, ensure_ascii=False).encode())
    return made.hexdigest()
