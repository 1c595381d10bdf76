"""What a deletion does not reach, named; and where the value still stands, looked for byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.release.lineage import plain_source

if TYPE_CHECKING:
    from modelwright.lifecycle.forget.door import Places, Plan

_CHUNK = 1 << 20
_LEAST = 4
"""Characters of a value that is looked for: shorter ones stand everywhere by chance."""


def unreached(plan: Plan, places: Places) -> list[str]:
    """Copies that this deletion cannot touch, in words."""
    found = []
    sources: dict[str, None] = {}
    for one in plan.runs:
        kept = one.run.read_stage("collect")
        for fact in kept[1]["sources"] if kept else ():
            name = str(fact["name"])
            sources[f"the source {name if '://' in name else plain_source(name)}"] = None
    found += [f"{name}: take the rows out there, else the next run reads them again" for name in sources]
    for name in plan.unlooked:
        found.append(
            f"the run {name}: it has no column {plan.asked.column!r}, so nobody was looked for in it"
        )
    if any(one.bundle for one in plan.runs):
        found.append(
            "what the models have learned, and bundles, packages and images that were copied elsewhere: "
            "train anew without the rows, release that, and remove the old ones"
        )
    found.append("backups, and files that were exported (predictions, labels, reports that were sent)")
    return found


def still_shown(plan: Plan, places: Places) -> list[str]:
    """Files of runs, store, live models and labels in which a value can still be read, relative to their
    folder. A bundle is signed and hashed, and so never changed."""
    wanted = [form for value in plan.asked.values if len(value) >= _LEAST for form in _forms(value)]
    if not wanted:
        return []
    found = []
    for root in (places.runs, places.live):
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            if path.is_file() and path.parent.name != "forgotten" and _holds(path, wanted):
                found.append(f"{root.name}/{path.relative_to(root)}")
    for where in places.stores():
        if "://" not in where and _holds(Path(where), wanted):
            found.append(where)
    return found


def _forms(value: str) -> Iterator[bytes]:
    made: dict[Any, None] = {
        value.encode(): None,
        json.dumps(value)[1:-1].encode(): None,
        json.dumps(value, ensure_ascii=False)[1:-1].encode(): None,
    }
    yield from made


def _holds(path: Path, wanted: list[bytes]) -> bool:
    longest = max(map(len, wanted))
    tail = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                text = tail + chunk
                if any(one in text for one in wanted):
                    return True
                tail = text[-longest:]
    except OSError:
        return False
    return False
