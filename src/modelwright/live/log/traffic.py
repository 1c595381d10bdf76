"""Counts and latencies by the minute, kept up as entries arrive: a page asks for a day of a busy model, and
reads 1,440 rows instead of millions.

Latencies are kept as a histogram with sixteen buckets to each doubling: a percentile read from it is off by
at most 2.2%. A request with many rows counts once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from modelwright.live.log.tables import minutes

MINUTE: Final = 60_000_000
"""Microseconds."""
_STEPS: Final = 16
Key = tuple[int, str, str]
"""Minute, version, role."""


@dataclass(slots=True)
class Tally:
    rows: int = 0
    requests: int = 0
    abstained: int = 0
    warned: int = 0
    micros: dict[int, int] = field(default_factory=dict)
    """Requests by bucket."""

    def add(self, other: Tally) -> None:
        self.rows += other.rows
        self.requests += other.requests
        self.abstained += other.abstained
        self.warned += other.warned
        for bucket, count in other.micros.items():
            self.micros[bucket] = self.micros.get(bucket, 0) + count

    def took(self, micros: int) -> None:
        bucket = int(math.log2(micros) * _STEPS) if micros > 1 else 0
        self.micros[bucket] = self.micros.get(bucket, 0) + 1

    def percentile(self, share: float) -> int | None:
        """Microseconds that ``share`` of the requests stayed below, None without requests."""
        wanted = share * sum(self.micros.values())
        passed = 0
        for bucket in sorted(self.micros):
            passed += self.micros[bucket]
            if passed >= wanted:
                return int(0.5 + 2.0 ** ((bucket + 0.5) / _STEPS))
        return None


class Tallies:
    """What a batch of entries adds. ``request`` and ``shadowed``: of the last rows before it."""

    def __init__(self, request: str, shadowed: str) -> None:
        self.request = request
        self.shadowed = shadowed
        self.found: dict[Key, Tally] = {}

    def _of(self, at: int, version: str, role: str) -> Tally:
        return self.found.setdefault((at // MINUTE, version, role), Tally())

    def prediction(self, row: Sequence[Any], *, counted: bool = True) -> None:
        """A row of ``predictions`` without model and n; one that is not counted still ends its request."""
        at, shadow, version, role, micros, request = row[0], row[2], row[3], row[4], row[12], row[14]
        before = self.shadowed if shadow else self.request
        first = not request or request != before
        if shadow:
            self.shadowed = request
        else:
            self.request = request
        if not counted:
            return
        tally = self._of(at, version, role)
        tally.rows += 1
        tally.abstained += bool(row[10])
        tally.warned += row[11] is not None
        if first:
            tally.requests += 1
            tally.took(micros)

    def feedback(self, row: Sequence[Any]) -> None:
        self._of(row[0], "", "feedback").rows += 1

    def failure(self, row: Sequence[Any]) -> None:
        tally = self._of(row[0], "", "failure")
        tally.rows += 1
        tally.requests += 1
        tally.took(row[3])

    def store(self, connection: sa.Connection, model: int) -> None:
        """Add to what is stored; the caller holds the model's lock."""
        m = minutes.c
        for (minute, version, role), tally in sorted(self.found.items()):
            at = (m.model == model) & (m.minute == minute) & (m.version == version) & (m.role == role)
            old = connection.execute(sa.select(*_VALUES).where(at)).first()
            if old is not None:
                tally.add(_tally(old))
            values = {
                "rows": tally.rows,
                "requests": tally.requests,
                "abstained": tally.abstained,
                "warned": tally.warned,
                "micros": json.dumps(dict(sorted(tally.micros.items())), separators=(",", ":")),
            }
            if old is not None:
                connection.execute(sa.update(minutes).where(at).values(values))
            else:
                key = {"model": model, "minute": minute, "version": version, "role": role}
                connection.execute(sa.insert(minutes).values({**key, **values}))


_VALUES: Final = [minutes.c[name] for name in ("rows", "requests", "abstained", "warned", "micros")]


def stored(connection: sa.Connection, model: int, since: int) -> list[tuple[Key, Tally]]:
    """By minute, from the one that holds ``since`` on."""
    m = minutes.c
    query = (
        sa.select(m.minute, m.version, m.role, *_VALUES)
        .where(m.model == model, m.minute >= since // MINUTE)
        .order_by(m.minute, m.version, m.role)
    )
    return [((row[0], row[1], row[2]), _tally(row[3:])) for row in connection.execute(query)]


def totals(kept: Iterable[tuple[Key, Tally]]) -> dict[str, Any]:
    """For ``LogDatabase.counts``."""
    whole, failed, shadows = Tally(), Tally(), Tally()
    feedback = 0
    by_version: dict[str, Tally] = {}
    for (_, version, role), tally in kept:
        if role == "failure":
            failed.add(tally)
        elif role == "feedback":
            feedback += tally.rows
        else:
            (shadows if role == "shadow" else whole).add(tally)
            by_version.setdefault(version, Tally()).add(tally)
    return {
        **_shown(whole),
        "abstained": whole.abstained,
        "warned": whole.warned,
        "failures": failed.requests,
        "feedback": feedback,
        "shadow_rows": shadows.rows,
        "versions": {version: _shown(tally) for version, tally in sorted(by_version.items())},
    }


def by_time(kept: Iterable[tuple[Key, Tally]], bucket: int) -> list[dict[str, Any]]:
    """For ``LogDatabase.traffic``."""
    if bucket < MINUTE or bucket % MINUTE:
        raise ValueError(f"a bucket is whole minutes, in microseconds ({MINUTE}); received {bucket}")
    parts: dict[int, list[tuple[Key, Tally]]] = {}
    for key, tally in kept:
        at = key[0] * MINUTE
        parts.setdefault(at - at % bucket, []).append((key, tally))
    made = []
    for at, part in sorted(parts.items()):
        sums = totals(part)
        made.append({"at": at, **{k: v for k, v in sums.items() if k != "shadow_rows"}})
    return made


def _shown(tally: Tally) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "requests": tally.requests,
        "p50": tally.percentile(0.50),
        "p95": tally.percentile(0.95),
        "p99": tally.percentile(0.99),
    }


def _tally(row: Sequence[Any]) -> Tally:
    rows, requests, abstained, warned, micros = row
    return Tally(rows, requests, abstained, warned, {int(k): v for k, v in json.loads(micros).items()})
