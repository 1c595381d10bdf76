"""One live model as the application sees it: its limits, keys and journal, and where it is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelwright.live.entries import Prediction, Role
from modelwright.live.log.personal import Treatment, treatment
from modelwright.live.place import Place
from modelwright.live.serve.counters import Counters
from modelwright.live.serve.keys import Keyring
from modelwright.live.serve.predict import Prepared
from modelwright.live.serve.served import Journal, Served
from modelwright.live.serve.validate import Warned
from modelwright.live.settings import Settings

ROUTES: Final = ("predict", "explain", "feedback")
_MOST_TALLIES: Final = 64


@dataclass(frozen=True, slots=True)
class Tally:
    """Where the answers of one version in one role are counted, and what is logged of their rows."""

    answered: int
    rows: int
    abstained: int
    labels: tuple[int, ...]
    treat: Treatment


class Door:
    """Everything about one live model that does not change with its version. For the event loop alone."""

    def __init__(self, settings: Settings, journal: Journal, place: Place, counters: Counters) -> None:
        self.name = name = place.name
        self.place = place
        self.settings = settings
        self.limits = settings.limits
        self.journal = journal
        self.keyring = Keyring(place)
        self.always = settings.log.sync == "always"
        self.counters = counters
        self._tallies: dict[tuple[str, Role], tuple[Prepared, Tally]] = {}
        self.flying = 0
        """Requests at work in this worker."""
        self.explaining = 0
        self.shadowing = 0
        self.in_flight = counters.slot("modelwright_in_flight", name)
        self.seconds = {route: counters.slot("modelwright_request_seconds", name, route) for route in ROUTES}

    def tally(self, served: Served, role: Role) -> Tally:
        """Made once for each version and role."""
        prepared: Prepared = served.ready
        found = self._tallies.get((served.version, role))
        if found is not None and found[0] is prepared:
            return found[1]
        slot, version = self.counters.slot, served.version
        labels = served.model.classes or ("value",)
        made = Tally(
            slot("modelwright_requests_total", self.name, version, role, "200"),
            slot("modelwright_rows_total", self.name, version, role),
            slot("modelwright_abstained_total", self.name, version),
            tuple(slot("modelwright_predictions_total", self.name, version, label) for label in labels),
            treatment(served.model, self.settings.log.personal, place=self.place),
        )
        if len(self._tallies) >= _MOST_TALLIES:
            self._tallies.clear()
        self._tallies[version, role] = (prepared, made)
        return made

    def landed(self) -> None:
        """A thread has ended that nobody waited for."""
        self.flying -= 1

    def answered(
        self, served: Served, role: Role, entries: Sequence[Prediction], labels: Sequence[int]
    ) -> None:
        """Count one request with these rows."""
        values, tally = self.counters.values, self.tally(served, role)
        values[tally.answered] += 1
        values[tally.rows] += len(entries)
        for label in labels:
            values[tally.labels[label]] += 1
        values[tally.abstained] += sum(1 for entry in entries if entry.abstained)

    def unanswered(self, code: str, rows: int) -> None:
        """Rows that a shadow did not answer: a failure that no client sees."""
        self.counters.count("modelwright_failures_total", self.name, code, by=rows)

    def warned(self, warnings: list[Warned]) -> None:
        for one in warnings:
            self.counters.count("modelwright_input_warnings_total", self.name, one.kind, one.column)

    def failed(self, status: int, code: str, version: str = "", role: str = "") -> None:
        self.counters.count("modelwright_requests_total", self.name, version, role, str(status))
        self.counters.count("modelwright_failures_total", self.name, code)
