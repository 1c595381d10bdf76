"""Traffic, latency, failures and accuracy over time, from the log of a live model.

Counting a long log takes longer than a page may: what was counted is kept until the log has changed, and a
log that changes all the time is counted again only so often that counting stays a small part of the time.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.errors import ModelwrightError
from modelwright.live import settings
from modelwright.live.place import Place
from modelwright.live.settings import database_url
from modelwright.stats.intervals import clopper_pearson, t_quantile
from modelwright.web.reading.files import stamp
from modelwright.web.views import Bucket, Outcomes, Traffic

if TYPE_CHECKING:
    from modelwright.live.log.database import LogDatabase

QUIET = 2.0
"""Seconds for which a count holds at least."""
SHARE = 20.0
"""A count holds for so many times as long as it took."""
OLD = 60.0
"""Seconds for which a count is shown while it is counted again behind the page; older ones are waited for."""
PAUSE = 15.0
"""Seconds before a database that did not answer is asked again: each try may wait long."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time that pages show, and the stretches that it is cut into; both in seconds."""

    name: str
    title: str
    seconds: int
    bucket: int


WINDOWS = (
    Window("1 h", "last hour", 3600, 60),
    Window("24 h", "last 24 hours", 86400, 1800),
    Window("7 d", "last 7 days", 7 * 86400, 3 * 3600),
    Window("30 d", "last 30 days", 30 * 86400, 12 * 3600),
)
DAY = WINDOWS[1]


def window_of(name: str | None) -> Window:
    """The span of that name; a day where there is none."""
    return next((w for w in WINDOWS if w.name == name), DAY)


class Log:
    """The log of one live model, for as long as the pages run."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.notes: tuple[str, ...] = ()
        self._turn = threading.RLock()
        self._database: LogDatabase | None = None
        self._url = ""
        self._kept: dict[str, _Kept] = {}
        self._down = (0.0, "", "")

    def total(self, window: Window) -> Traffic | None:
        """What the log holds of the span; None where it holds nothing at all, or cannot be read."""
        found = self._known(f"total {window.name}", window, self._total)
        return found if isinstance(found, Traffic) else None

    def course(self, window: Window) -> tuple[Bucket, ...]:
        """By stretches of time, oldest first, those without traffic too."""
        found = self._known(f"course {window.name}", window, self._course)
        return found if isinstance(found, tuple) else ()

    def outcomes(self, window: Window) -> tuple[Outcomes, ...]:
        """By stretches of time with any outcome known, oldest first."""
        found = self._known(f"outcomes {window.name}", window, self._outcomes)
        return found if isinstance(found, tuple) else ()

    # --- counting -----------------------------------------------------------------------------------------

    def _total(self, database: LogDatabase, window: Window) -> Traffic | None:
        found = database.counts(since=_since(window))
        if found["last"] is None and not found["failures"]:
            return None
        answered, failed = int(found["requests"]), int(found["failures"])
        return Traffic(
            requests=answered + failed,
            rows=int(found["rows"]),
            failures=failed,
            p50=_s(found["p50"]),
            p95=_s(found["p95"]),
            p99=_s(found["p99"]),
            feedback=int(found["feedback"]),
            last=_s(found["last"]),
        )

    def _course(self, database: LogDatabase, window: Window) -> tuple[Bucket, ...]:
        known = {
            int(row["at"]) // 10**6: row
            for row in database.traffic(since=_since(window), bucket=window.bucket * 10**6)
        }
        return tuple(_bucket(start, known.get(start)) for start in starts(window))

    def _outcomes(self, database: LogDatabase, window: Window) -> tuple[Outcomes, ...]:
        from modelwright.live.log.outcomes import by_time

        rows = by_time(database, since=_since(window), bucket=window.bucket * 10**6)
        merged: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            merged.setdefault(row["at"] // 10**6, []).append(row)
        return tuple(_outcome(start, found) for start, found in sorted(merged.items()))

    # --- what is known already ----------------------------------------------------------------------------

    def _known(
        self, key: str, window: Window, count: Callable[[LogDatabase, Window], object]
    ) -> object | None:
        url = self._address()
        if url is None:
            return None
        kept = self._have(key, url)
        age = math.inf if kept is None else time.monotonic() - kept.at
        if kept is not None and age < max(QUIET, SHARE * kept.cost):
            return kept.found
        if kept is not None and age < OLD:
            if not kept.again:
                kept.again = True
                _COUNTING.submit(self._counted, key, window, count)
            return kept.found
        return self._counted(key, window, count)

    def _counted(
        self, key: str, window: Window, count: Callable[[LogDatabase, Window], object]
    ) -> object | None:
        with self._turn:
            now = time.monotonic()
            url = self._address()
            if url is None:
                return None
            if now < self._down[0] and url == self._down[2]:
                self.notes = (self._down[1],)
                return None
            kept = self._have(key, url)
            if kept is not None and now - kept.at < QUIET:  # somebody else has just counted
                return kept.found
            try:
                database, file = self._opened(url)
                mark = _mark(file)
                if database is None:
                    return None
                if kept is not None and mark is not None and kept.mark == mark and now - kept.at < OLD:
                    kept.again = False
                    kept.at = now
                    self.notes = ()
                    return kept.found
                found = count(database, window)
            except ModelwrightError as error:
                self._down = (now + PAUSE, error.message, url)
                self.notes = (error.message,)
                self._kept.clear()
                return None
            self.notes = ()
            done = time.monotonic()
            self._kept[key] = _Kept(found, mark, url, done, done - now)
            return found

    def _have(self, key: str, url: str) -> _Kept | None:
        """What was counted, unless it was in another database: settings may change at any time."""
        kept = self._kept.get(key)
        return kept if kept is not None and kept.url == url else None

    def _address(self) -> str | None:
        """Where the log is; None, with a note, where the settings cannot tell it."""
        try:
            return database_url(self.place, settings.read(self.place))
        except ModelwrightError as error:
            self.notes = (error.message,)
            return None

    def _opened(self, url: str) -> tuple[LogDatabase | None, Path | None]:
        """The database and its file (SQLite). Never makes one: pages only look."""
        from modelwright.live.log.database import LogDatabase
        from modelwright.live.log.engine import address, file_of

        file = file_of(address(url)[0])
        if file is not None and not file.is_file():
            return None, None
        if self._database is None or url != self._url:
            if self._database is not None:
                self._database.close()
            self._database, self._url = LogDatabase(url), url
            self._kept.clear()
        return self._database, file


@dataclass(slots=True)
class _Kept:
    found: object
    mark: object
    url: str
    at: float
    cost: float
    again: bool = False
    """Whether it is being counted again."""


_COUNTING = ThreadPoolExecutor(1, thread_name_prefix="counting")


_LOGS: dict[Path, Log] = {}
_TURN = threading.Lock()


def log_of(place: Place) -> Log:
    """The log of a live model; the same object each time."""
    key = place.folder.resolve()
    with _TURN:
        found = _LOGS.get(key)
        if found is None:
            found = _LOGS[key] = Log(place)
        return found


def warm(places: Iterable[Place], *others: Callable[[], object]) -> None:
    """Do what the first visitors would wait for: first ``others``, then count where there is a log."""

    def count(log: Log) -> None:
        if log.total(DAY) is not None:
            log.course(DAY)
            log.outcomes(DAY)

    for other in others:
        _COUNTING.submit(other)
    for place in places:
        _COUNTING.submit(count, log_of(place))


def close() -> None:
    """Let go of all databases: when the pages end. What is being counted is waited for."""
    _COUNTING.submit(lambda: None).result()
    with _TURN:
        for log in _LOGS.values():
            if log._database is not None:
                log._database.close()
        _LOGS.clear()


def starts(window: Window, now: float | None = None) -> tuple[int, ...]:
    """Where the stretches of a span begin, oldest first; the last one holds the present moment."""
    last = int(time.time() if now is None else now) // window.bucket * window.bucket
    count = window.seconds // window.bucket
    return tuple(last - window.bucket * back for back in reversed(range(count)))


def _since(window: Window) -> int:
    return starts(window)[0] * 10**6


def _mark(file: Path | None) -> object:
    """What changes when the database does; None where that cannot be seen."""
    return None if file is None else (stamp(file), stamp(file.with_name(file.name + "-wal")))


def _s(micros: Any) -> float | None:
    return None if micros is None else float(micros) / 1e6


def _bucket(start: int, row: dict[str, Any] | None) -> Bucket:
    if row is None:
        return Bucket(float(start), 0, 0, None, None, None)
    versions = row.get("versions") or {}
    return Bucket(
        float(start),
        int(row["requests"]),
        int(row["failures"]),
        _s(row["p50"]),
        _s(row["p95"]),
        _s(row["p99"]),
        tuple((str(name), int(v["requests"])) for name, v in versions.items()),
    )


def _outcome(start: int, rows: list[dict[str, Any]]) -> Outcomes:
    n = sum(row["n"] for row in rows)
    versions = tuple(dict.fromkeys(row["version"] for row in rows))
    if any(row["absolute"] is not None for row in rows):
        absolute = sum(row["absolute"] or 0.0 for row in rows)
        squared = sum(row["squared"] or 0.0 for row in rows)
        mean = absolute / n
        spread = math.sqrt(max(0.0, squared - n * mean * mean) / (n - 1)) if n > 1 else math.nan
        half = t_quantile(0.95, n - 1) * spread / math.sqrt(n) if n > 1 else math.nan
        low, high = (max(0.0, mean - half), mean + half) if n > 1 else (None, None)
        return Outcomes(float(start), n, "mae", mean, low, high, versions)
    right = sum(row["right"] or 0 for row in rows)
    bottom, top = clopper_pearson(right, n)
    return Outcomes(float(start), n, "accuracy", right / n, bottom, top, versions)
