"""The keeper's eye on the log itself: whether its database answers, and whether its journal takes more.

Asking is done in threads that may hang with the database; judging what came of it is done in another, which
never asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from modelwright.core.errors import ModelwrightError
from modelwright.live import deployment
from modelwright.live.log.journal import refusal
from modelwright.live.place import Place
from modelwright.live.watch import outage

DOWN: Final = 60.0
"""Seconds without an answer from which on the database is down. A restart or a failover of a database, or a
backup that locks a file, is over sooner and needs nobody; the journal holds what comes in a minute many times
over; and the longest pause between two attempts (30 s) leaves room for several."""
SETTLED: Final = 60.0
"""Seconds without a refusal after which a journal counts as no longer full: one that empties as slowly as it
fills is told once, not once for each request."""
ASK: Final = 10.0
"""Seconds between two questions to the database where there is nothing to write."""


class Contact:
    """One way of asking the database: whether it was answered, and since when not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._since: float | None = None
        self._why = ""
        self._answered = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around one attempt: an error, or no end, is no answer."""
        with self._turn:
            if self._since is None:
                self._since = self._clock()
        try:
            yield
        except BaseException as error:
            with self._turn:
                self._why = error.message if isinstance(error, ModelwrightError) else type(error).__name__
            raise
        with self._turn:
            self._since, self._why, self._answered = None, "", True

    @property
    def well(self) -> bool:
        """Whether it was ever answered, and nothing has failed since: also while it works all the time, as it
        does after an outage."""
        with self._turn:
            return self._answered and not self._why

    def unanswered(self) -> tuple[float, str]:
        """Seconds since the first attempt after the last answer, and what the last one met; 0 where none is
        under way or has failed."""
        with self._turn:
            if self._since is None:
                return 0.0, ""
            return self._clock() - self._since, self._why or "it does not end what it was asked to do"


class Outage:
    """The log of one model. ``most``: bytes that may wait in its journal."""

    def __init__(self, place: Place, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._most = most
        self._clock = clock
        self._refused = clock()
        """When a request was last known to be refused; a condition that is open at the start stays so for
        :data:`SETTLED`."""
        self._seen = time.time()
        self.writing, self.reading = Contact(clock), Contact(clock)

    def step(self) -> None:
        """Note what is open now."""
        down = [why for seconds, why in map(Contact.unanswered, self._contacts) if seconds >= DOWN]
        if down:
            outage.note(self._place, "log.down", down[0])
        elif all(contact.well for contact in self._contacts):
            outage.note(self._place, "log.down", None)
        refused = self._refusal()
        if refused:
            self._refused = self._clock()
            outage.note(self._place, "log.full", refused)
        elif self._clock() - self._refused >= SETTLED:
            outage.note(self._place, "log.full", None)

    @property
    def _contacts(self) -> tuple[Contact, Contact]:
        return self.writing, self.reading

    def _refusal(self) -> str:
        """Why requests are refused, by the journal's own rule, or by what a worker has met since."""
        _, found = refusal(self._place.journal, self._most)
        for worker in deployment.alive(self._place):
            told = worker.get("refused")
            if isinstance(told, dict) and float(told.get("at", 0.0)) > self._seen:
                self._seen = float(told["at"])
                found = found or str(told.get("why", ""))
        return found
