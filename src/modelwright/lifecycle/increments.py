"""What was last read of a source of which only what is new is to be read: found again, and kept for later."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from modelwright.core.codec import canonical
from modelwright.core.records.data import Collected, Earlier
from modelwright.goal.sections import SourceSection
from modelwright.lifecycle.wiring import keyed
from modelwright.store import atomic
from modelwright.store.store import Store


def earlier(store: Store, source: SourceSection) -> Earlier:
    """The newest of what runs of this store read of the source in the same way; nothing where its rows are
    not there any more (as when the run was deleted)."""
    path = _place(store, source)
    if not source.increment or not path.exists():
        return Earlier()
    held = atomic.read_json(path)
    return Earlier(store.revive(Collected, held["record"]), held["run"])


def keep(store: Store, source: SourceSection, record: Collected, data: Any, run: str) -> None:
    """Note what was read. ``data``: the record as JSON, its rows being in the store."""
    if record.increment is None:
        return
    path = _place(store, source)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(path, {"run": run, "record": data}, indent=None, private=store.private)


def _place(store: Store, source: SourceSection) -> Path:
    same = {
        "source": source.source, "query": source.query, "reading": keyed(source.reading),
        "target": source.target, "increment": source.increment,
    }  # fmt: skip
    return store.folder / "increments" / f"{hashlib.sha256(canonical(same)).hexdigest()}.json"
