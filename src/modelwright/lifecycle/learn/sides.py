"""Who may learn from which row of the log: settled once for each prediction, and for ever after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from modelwright.live.place import Place
from modelwright.store import atomic

Side = Literal["train", "validation", "judge"]

JUDGE = 0.4
"""Share of the labelled rows that are kept for judging challengers, and are then test rows: a decision needs
rows as badly as a model does, and rows to learn from are there already."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a side depends on."""

    id: str
    group: str | None
    """The row's value of the goal's group column, None where there is none."""
    time: float
    """What orders rows where the goal has a time."""


class Sides:
    """The sides of all predictions that ever were labelled, and which judging rows have been opened.

    ``learn/sides.json``: from a prediction's id, or ``group <digest>``, to its side. ``learn/opened.json``:
    from the id of a judging row to the number of the decision that looked at it. Both are written whole
    before anything learns from a row or is judged on it. No inputs and no outcomes are in them.
    """

    def __init__(self, place: Place) -> None:
        self._sides = place.folder / "learn" / "sides.json"
        self._opened = place.folder / "learn" / "opened.json"
        self._known: dict[str, Side] = atomic.read_json(self._sides) if self._sides.exists() else {}
        self._seen: dict[str, int] = atomic.read_json(self._opened) if self._opened.exists() else {}

    def __getitem__(self, prediction: str) -> Side:
        return self._known[prediction]

    def opened(self, prediction: str) -> int | None:
        """The decision that looked at this judging row, or None."""
        return self._seen.get(prediction)

    def open(self, ids: Iterable[str], decision: int) -> None:
        """Say that a decision looks at these rows; what an earlier one has seen stays its own."""
        new = {one: decision for one in ids if one not in self._seen}
        if new:
            self._seen |= new
            atomic.write_json(self._opened, self._seen, indent=None)

    def assign(
        self,
        rows: Iterable[Row],
        *,
        groups: Mapping[str, str],
        validation: float,
        time_order: bool,
    ) -> None:
        """Give every row that has none a side, and keep it.

        ``groups``: the part (train, validation, test) that each group of the champion's own rows is in, to
        which its new rows keep: those of test groups judge. Else the digest of the id (or of the group)
        decides, or, with ``time_order``, the time: of rows that come together the later judge. ``validation``
        is the share of the learning rows that validate.
        """
        waiting: dict[str, list[Row]] = {}
        for row in rows:
            if row.id in self._known:
                continue
            unit = row.id if row.group is None else f"group {_digest(row.group)}"
            if row.group is not None and row.group in groups and unit not in self._known:
                part = groups[row.group]
                self._known[unit] = "judge" if part == "test" else cast(Side, part)
            waiting.setdefault(unit, []).append(row)
        if not waiting:
            return
        new = [unit for unit in waiting if unit not in self._known]
        if time_order:
            new.sort(key=lambda unit: (min(r.time for r in waiting[unit]), unit))
            # Where the first place lies is drawn: rows that come one at a time would all get the same side.
            first = _drawn(new[-1]) if new else 0.0
            for place, unit in enumerate(new):
                self._known[unit] = _side((len(new) - 1 - place + first) / len(new), validation)
        else:
            for unit in new:
                self._known[unit] = _side(_drawn(unit), validation)
        for unit, members in waiting.items():
            for row in members:
                self._known[row.id] = self._known[unit]
        atomic.write_json(self._sides, self._known, indent=None)


def _side(place: float, validation: float) -> Side:
    """The side of a place in [0, 1): judging rows first, then validation, then training."""
    if place < JUDGE:
        return "judge"
    return "validation" if place < JUDGE + (1 - JUDGE) * validation else "train"


def _drawn(unit: str) -> float:
    """A number in [0, 1) that depends on the unit alone."""
    return int(_digest(unit), 16) / 16**16


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digest_of(rows: Iterable[tuple[str, object]]) -> str:
    """sha256 over ids and outcomes, in the order of the ids."""
    total = hashlib.sha256()
    for prediction, outcome in sorted(rows, key=lambda row: row[0]):
        total.update(json.dumps([prediction, outcome], ensure_ascii=False).encode() + b"\n")
    return total.hexdigest()
