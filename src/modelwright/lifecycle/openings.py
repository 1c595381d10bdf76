"""The ledger of the sealed rows: who opened which rows with which graph.

A test part proves something only as long as nobody picks a model by looking at it. So every opening is
written down before the rows are scored, and later intervals are wider: those of the k-th opening are at
level 1 - 0.05/k (what that promises is said at ``evidence.estimate.level_for``).

Rows are known by their content, in two forms: as they were cleaned, which sees through another file format,
and as they were read, which sees through another goal (kinds, spellings, roles). A source that gained or
lost a column and is cleaned to other values is taken for other rows.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.core.records.goal import Openings
from modelwright.store import atomic
from modelwright.store.lock import in_turn

if TYPE_CHECKING:
    import polars as pl

OVERLAP = 0.01
"""Share of the sealed rows that makes another opening one of "the same rows". Parts of the same table drawn
with another seed overlap by far more; strangers that share a few common rows do not."""


def row_hashes(frame: pl.DataFrame) -> list[str]:
    """A short content hash of each row, over all columns but the internal ones; sorted."""
    return sorted(hashes_in_order(frame))


def hashes_in_order(frame: pl.DataFrame) -> list[str]:
    """As :func:`row_hashes`, in the order of the rows."""
    names = sorted(c for c in frame.columns if not c.startswith("__"))
    found = []
    for row in frame.select(names).iter_rows():
        found.append(hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest())
    return found


def opened_by(folder: Path, run: str) -> set[str]:
    """Hashes of the rows, as they were read, that a run has opened."""
    found: set[str] = set()
    for path in sorted(folder.glob("*.json")):
        entry = atomic.read_json(path)
        if entry["run"] == run:
            found |= set(entry["read"])
    return found


def open_rows(
    folder: Path, frame: pl.DataFrame, graph: str, run: str, read: pl.DataFrame | None = None
) -> Openings:
    """Write the opening down, and count it with the earlier ones of these rows.

    ``folder`` is the ledger's; ``graph`` the digest of the graph that is about to be scored; ``read`` the
    same rows as their source gave them. The same graph on the same rows is one opening however often it is
    repeated (a resumed run, a run repeated byte for byte). Without rows there is nothing to open, and the
    count is 1 so that the level is 0.95.
    """
    if frame.height == 0:
        return Openings(1, 0.95)
    forms = {"hashes": row_hashes(frame), "read": [] if read is None else row_hashes(read)}
    with in_turn(folder):
        return _opened(folder, forms, graph, run)


def _opened(folder: Path, forms: dict[str, list[str]], graph: str, run: str) -> Openings:
    """One at a time: two runs that open the same rows at once must see each other. An opening and its count
    are one file, so that no kill comes between them."""
    rows = hashlib.sha256("".join(h for form in sorted(forms) for h in forms[form]).encode()).hexdigest()
    known = {form: set(hashes) for form, hashes in forms.items()}
    mine = {"graph": graph, "rows": rows}
    others: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("*.json")):
        entry = atomic.read_json(path)
        if {"graph": entry["graph"], "rows": entry["rows"]} == mine:
            continue
        if any(_overlap(known[form], entry[form]) for form in forms):
            others[(entry["graph"], entry["rows"])] = entry["run"]
    name = hashlib.sha256(json.dumps(mine, sort_keys=True).encode()).hexdigest()
    path = folder / f"{name}.json"
    if not path.exists():
        said = {**mine, "run": run, "count": len(others) + 1, "others": sorted(set(others.values()))}
        atomic.write_json(path, {**said, **forms}, indent=None)
    entry = atomic.read_json(path)
    count = int(entry["count"])
    return Openings(count, 1 - 0.05 / count, tuple(entry["others"]))


def _overlap(known: set[str], hashes: list[str]) -> bool:
    """Whether two parts share so many rows that they are openings of the same rows."""
    return sum(h in known for h in hashes) > OVERLAP * min(len(known), len(hashes))
