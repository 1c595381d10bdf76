"""What a server does beside answering, in one process of its own: journals to the database, watching,
telling that the log itself is down, retention, retraining. Started by the supervisor as
``python -m modelwright.live.process.keeper PLAN``.

Each duty of each model has a thread of its own, so that one that fails, or takes its time, never holds up
another. What goes wrong is told once, and once more when it is right again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelwright.core.codec import decode
from modelwright.core.errors import ModelwrightError
from modelwright.live import settings
from modelwright.live.place import Place
from modelwright.live.process.outage import ASK, Outage
from modelwright.live.process.retraining import Retraining
from modelwright.live.process.tie import Tie
from modelwright.live.process.worker import warn

if TYPE_CHECKING:
    from modelwright.live.log.database import LogDatabase

DRAIN: Final = 0.2
"""Seconds between two looks at the journals."""
OUTAGE: Final = 1.0
"""Seconds between two looks whether the log is down or full; they ask no database."""
ALERTS: Final = 1.0
"""Seconds between two looks for alarms that nobody has been told of; a webhook has a thread of its own."""
RETENTION: Final = 3600.0
RETRAINING: Final = 5.0
"""Seconds between two questions whether to retrain."""
LONGEST: Final = 30.0
"""Seconds that a duty which fails waits at most until it is tried again."""
_LAST: Final = 15.0
"""Seconds for the rest of the journals at the end."""


@dataclass(frozen=True, slots=True)
class KeeperPlan:
    """What a keeper is told. ``tie`` is the number of an inherited file."""

    live: str
    names: tuple[str, ...]
    tie: int
    patience: float


class Duty:
    """Something done again and again in a thread; ``do`` returns True to be called again at once."""

    def __init__(
        self, name: str, every: float, do: Callable[[], bool | None], *, say: Callable[[str], None] = warn
    ) -> None:
        self.name = name
        self.every = every
        self._do = do
        self._say = say
        self._failures = 0
        self._told = ""

    def once(self) -> float:
        """Do it; seconds until it is to be done again."""
        try:
            again = self._do()
        except Exception as error:  # whatever it is, the other duties go on, and this one is tried again
            said = (
                error.message if isinstance(error, ModelwrightError) else f"{type(error).__name__}: {error}"
            )
            if said != self._told:
                self._say(f"{self.name}: {said}; it is tried again")
                self._told = said
            self._failures += 1
            return min(max(LONGEST, self.every), self.every * 2.0 ** min(self._failures, 20))
        if self._told:
            self._say(f"{self.name}: works again")
        self._told, self._failures = "", 0
        return 0.0 if again else self.every

    def start(self, stop: threading.Event) -> threading.Thread:
        thread = threading.Thread(target=self._run, args=(stop,), name=self.name, daemon=True)
        thread.start()
        return thread

    def _run(self, stop: threading.Event) -> None:
        wait = 0.0
        while not stop.wait(wait):
            wait = self.once()


class Keeper:
    """All duties of one server."""

    def __init__(self, live: Path, names: Sequence[str]) -> None:
        from modelwright.live.log.database import LogDatabase

        self.live = live
        self.places = [Place.of(live, name) for name in names]
        self.stop = threading.Event()
        self.databases: dict[str, LogDatabase] = {}
        self.retraining = Retraining(live, self.places, say=warn)
        self.duties: list[Duty] = []
        for place in self.places:
            known = settings.read(place)
            database = LogDatabase(settings.database_url(place, known))
            self.databases[place.name] = database
            outage = Outage(place, known.log.journal)
            self.duties += [
                Duty(f"{place.name}, log", DRAIN, _draining(place, database, outage)),
                Duty(f"{place.name}, database", ASK, _asking(database, outage)),
                Duty(f"{place.name}, outage", OUTAGE, outage.step),
                Duty(f"{place.name}, watching", known.watch.every, _watching(place, database)),
                Duty(f"{place.name}, alerts", ALERTS, _alerts(place)),
                Duty(f"{place.name}, retention", RETENTION, _retention(place, database)),
            ]
        self.duties.append(Duty("retraining", RETRAINING, self.retraining.step))

    def run(self, told: Callable[[], bool]) -> None:
        """Until ``told`` says so; then what is left in the journals goes to the databases."""
        threads = [duty.start(self.stop) for duty in self.duties]
        while not told():
            time.sleep(0.1)
        self.stop.set()
        until = time.monotonic() + _LAST
        self.retraining.end()
        for thread in threads:
            if thread.name.endswith(", log"):
                thread.join(max(0.0, until - time.monotonic()))
        for place in self.places:
            self._rest(place, until)

    def _rest(self, place: Place, until: float) -> None:
        from modelwright.live.log.drain import drain

        try:
            while time.monotonic() < until and drain(place, self.databases[place.name]):
                pass
        except Exception as error:  # what is left waits for the next start
            warn(f"{place.name}: the rest of the journal waits for the next start ({type(error).__name__})")


def _draining(place: Place, database: LogDatabase, outage: Outage) -> Callable[[], bool]:
    def work() -> bool:
        from modelwright.live.log.drain import drain

        # A second round at once while there is much: at most five seconds of work a round.
        with outage.writing.asking():
            return drain(place, database) >= 5000

    return work


def _asking(database: LogDatabase, outage: Outage) -> Callable[[], None]:
    def work() -> None:
        with outage.reading.asking():
            database.last()

    return work


def _watching(place: Place, database: LogDatabase) -> Callable[[], None]:
    def work() -> None:
        from modelwright.live.watch.look import look

        look(place, settings.read(place), database)

    return work


def _alerts(place: Place) -> Callable[[], None]:
    def work() -> None:
        from modelwright.live.watch import outage
        from modelwright.live.watch.alerts import send
        from modelwright.live.watch.files import alarms_path

        if alarms_path(place).exists() or outage.path(place).exists():
            send(place, settings.read(place))

    return work


def _retention(place: Place, database: LogDatabase) -> Callable[[], None]:
    def work() -> None:
        from modelwright.live.log.retention import apply

        known = settings.read(place)
        while apply(known, database):
            pass

    return work


def main(arguments: Sequence[str]) -> int:
    plan = decode(KeeperPlan, json.loads(arguments[0]))
    # Ctrl-C reaches every process of a terminal; the supervisor ends this one after the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(5)  # answering comes first
    try:
        keeper = Keeper(Path(plan.live), plan.names)
    except ModelwrightError as error:
        warn(str(error))
        return error.exit_code
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda which, _: told.append(which))
    tie = Tie(plan.tie)
    tie.watch(_LAST + 10.0)
    tie.ready()
    keeper.run(lambda: bool(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
