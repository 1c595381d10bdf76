"""What the pages work on: the store, its queue, and who is there."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from modelwright.labels import people, progress
from modelwright.labels.again import Again
from modelwright.labels.agreement import Measured, measure
from modelwright.labels.people import Person
from modelwright.labels.project import Project
from modelwright.labels.queue import Queue
from modelwright.labels.ratings import last_act
from modelwright.labels.store import Store
from modelwright.web.site import Site

TURN: Final = 0.0005
"""Seconds after which a thread that counts lets others on."""
PATIENCE: Final = 0.03
"""Seconds that a page waits for agreement to be counted, before it shows that it is."""
OLD: Final = 2.0
"""Seconds for which counts over all items are shown again."""
T = TypeVar("T")


@dataclass(slots=True)
class Desk:
    """One labelling project as it is served."""

    store: Store
    site: Site
    solo: Person | None = None
    """Who everybody is where nobody has to enter: the pages are then for this machine alone."""
    again: Again | None = None
    """What learns from the answers as they come."""
    queue: Queue = field(init=False)
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _measured: Measured | None = None
    _counting: threading.Thread | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.queue = Queue(self.store)
        if self.again is not None:
            self.again.learned = self.queue.forget

    def begin(self) -> None:
        """The server has started."""
        if self.again is not None:
            self.again.begin()

    def answered(self) -> None:
        """An answer is kept."""
        if self.again is not None:
            self.again.answered()

    def close(self) -> None:
        """The server stops."""
        if self.again is not None:
            self.again.close()
        self.store.close()

    @property
    def project(self) -> Project:
        return self.store.must()[1]

    def who(self, visitor: str) -> Person | None:
        """Who sits at the browser with this cookie."""
        if self.solo is not None:
            return self.solo
        with self.store.reading() as connection:
            return people.entered(connection, visitor)

    def far(self) -> progress.Far:
        return self.lately("far", lambda: progress.far(self.store, self.project))

    def lately(self, name: str, count: Callable[[], T], old: float = OLD) -> T:
        """What was counted a moment ago, or is counted now; by one thread at a time."""
        found = self._kept.get(name)
        if found is not None and time.monotonic() - found[0] < old:
            kept: T = found[1]
            return kept
        with self._turn:
            found = self._kept.get(name)
            if found is not None and time.monotonic() - found[0] < old:
                again: T = found[1]
                return again
            made = count()
            self._kept[name] = (time.monotonic(), made)
            return made

    def measured(self) -> Measured | None:
        """Agreement as it is, or as it was while it is counted anew; None: the first time."""
        upto = last_act(self.store)
        found = self._measured
        if found is not None and found.upto == upto:
            return found
        with self._turn:
            counting = self._counting
            if counting is None or not counting.is_alive():
                counting = self._counting = threading.Thread(target=self._count, daemon=True)
                counting.start()
        counting.join(PATIENCE)
        return self._measured

    def _count(self) -> None:
        # It counts for seconds; meanwhile threads that answer requests get their turn more often.
        usual = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        try:
            self._measured = measure(self.store, self.project)
        finally:
            sys.setswitchinterval(usual)

    def forget(self) -> None:
        """Count anew at the next request."""
        self._kept.clear()
