"""The race: by counted work its outcome depends on the rows alone; no fit can spoil it or outstay it."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import Stopped
from modelwright.core.stage import Work
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts
from modelwright.models.fit import Job
from modelwright.models.inline import InlinePool
from modelwright.models.journal import Journal
from modelwright.models.pool import Ended, Pool
from modelwright.models.propose import Proposer, Runner
from modelwright.models.race import Race
from modelwright.models.rows import Place

Places = Callable[..., Place]


def race(
    place: Place,
    folder: Path,
    pool: Pool,
    families: tuple[str, ...] = ("toy",),
    trials: int | None = 6,
    seconds: float | None = None,
    **options: Any,
) -> Race:
    folds = tuple(range(place.folds)) if place.scheme == "cv" else (0,)
    runners = []
    for name in families:
        runners.append(
            Runner(name, FAMILIES.get(name).space(place.task, DataFacts(200, 2, 0, 0, 0, 0.0)), 0.01)
        )
    made = Race(
        place, folds, Proposer(runners, "random", 0), ("majority",), dict.fromkeys(families, 0.01),
        Journal(folder), pool, Work(folder, cores=pool.size, **options), trials=trials,
        ends_at=None if seconds is None else time.monotonic() + seconds, seed=0, threads=1,
    )  # fmt: skip
    made.run()
    return made


def outcome(of: Race) -> list[tuple[str, str, str, tuple[float, ...], dict[str, Any]]]:
    return [(t.name, t.status, t.why, tuple(r.score for r in t.results), t.config) for t in of.trials]


class Slow(InlinePool):
    """Two places whose fits end in an order of their own: speed must not show in the outcome."""

    def __init__(self, journal: Path, last_first: bool) -> None:
        super().__init__(journal)
        self.size = 2
        self._last_first = last_first

    @property
    def idle(self) -> int:
        return 2 - len(self._ended)

    def wait(self, seconds: float) -> list[Ended]:
        found = list(self._ended)
        self._ended.clear()
        return list(reversed(found)) if self._last_first else found


@pytest.mark.parametrize("folds", [0, 3])
def test_by_work_neither_speed_nor_order_shows(places: Places, tmp_path: Path, folds: int) -> None:
    place = places(folds=folds)
    made = [
        race(place, tmp_path / name, Slow(tmp_path / name, last_first), trials=12)
        for name, last_first in (("a", False), ("b", True))
    ]
    assert outcome(made[0]) == outcome(made[1])
    assert made[0].ended == "trials"
    assert sum(not t.baseline for t in made[0].trials) == 12


def test_what_the_journal_has_is_not_made_again(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A race over half a journal comes to the same end, and makes only what is missing."""
    place = places(folds=3)
    whole = race(place, tmp_path / "a", InlinePool(tmp_path / "a"), trials=8)
    fits = sorted((tmp_path / "a").glob("*/fit.json"))
    for path in fits[::2]:
        path.unlink()  # as after a kill: what has no manifest is not there, whatever lies beside it
    made: list[str] = []
    real = InlinePool.submit

    def submit(self: InlinePool, key: str, place: Place, job: Job, *rest: Any) -> None:
        made.append(key)
        real(self, key, place, job, *rest)

    monkeypatch.setattr(InlinePool, "submit", submit)
    again = race(place, tmp_path / "a", InlinePool(tmp_path / "a"), trials=8)
    assert outcome(again) == outcome(whole)
    assert sorted(made) == [p.parent.name for p in fits[::2]]


def test_hopeless_trials_are_pruned_after_their_first_fold(places: Places, tmp_path: Path) -> None:
    place = places(folds=4)
    made = race(place, tmp_path / "a", InlinePool(tmp_path / "a"), trials=16)
    pruned = [t for t in made.trials if t.status == "pruned"]
    assert pruned
    assert all(len(t.entries) == 1 and t.number > 1 and not t.baseline for t in pruned)
    complete = [t.results[0].score for t in made.trials if t.complete and not t.baseline]
    assert max(t.results[0].score for t in pruned) < max(complete)
    assert made.trials[0].complete


def test_a_defect_of_a_family_ends_no_run(places: Places, tmp_path: Path, strangers: None) -> None:
    made = race(places(), tmp_path / "a", InlinePool(tmp_path / "a"), ("raising", "toy"), trials=4)
    bad = [t for t in made.trials if t.family == "raising"]
    assert bad
    assert all(t.status == "failed" and "KeyError: 'no such thing'" in t.why for t in bad)
    assert next(t.status for t in made.trials if t.family == "toy") == "fitted"


def test_a_signal_is_no_failed_fit(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C, or SIGTERM, in the middle of a fit that this process makes ends the run."""

    def interrupted(*args: object, **options: object) -> None:
        raise Stopped("stopped by SIGTERM", code="stopped.signal")

    monkeypatch.setattr(type(FAMILIES.get("toy")), "fit", interrupted)
    with pytest.raises(Stopped):
        race(places(), tmp_path / "a", InlinePool(tmp_path / "a"), trials=4)


def test_the_user_may_end_it(places: Places, tmp_path: Path) -> None:
    stop = threading.Event()
    told: list[str] = []

    def say(event: str, **facts: Any) -> None:
        told.append(facts["name"])
        if len(told) == 4:
            stop.set()

    made = race(places(), tmp_path / "a", InlinePool(tmp_path / "a"), trials=1000, say=say, stop=stop.is_set)
    assert made.ended == "stopped"
    assert 3 <= sum(t.complete for t in made.trials) < 10


# The race is given some seconds, and a fit that hangs is killed at their end; it would never end by itself.
@pytest.mark.slow
def test_a_fit_that_hangs_is_killed_at_its_deadline(places: Places, tmp_path: Path, strangers: None) -> None:
    place = places()
    with Pool(2, tmp_path / "fits", log=tmp_path / "log") as pool:
        race(place, tmp_path / "fits", pool, trials=2)  # both workers are there and warm
        for seconds in (2.0, 10.0, 60.0):  # more where a busy machine makes no fit in less
            fits = tmp_path / f"fits-{seconds}"
            pool.attach(fits)
            made = race(place, fits, pool, ("hanging", "toy"), trials=None, seconds=seconds)
            hung = [t for t in made.trials if t.family == "hanging"]
            if hung and any(t.complete for t in made.trials if t.family == "toy"):
                break
    assert hung
    assert [t.status for t in hung] == ["out of time"] * len(hung)
    assert any(t.complete for t in made.trials if t.family == "toy")
    assert made.ended == "time"


# Workers are started, and one is killed by each fit.
@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_told(places: Places, tmp_path: Path, strangers: None) -> None:
    with Pool(2, tmp_path / "fits", log=tmp_path / "log") as pool:
        made = race(places(), tmp_path / "fits", pool, ("crashing", "toy"), trials=4)
        assert pool.idle == 2
    assert {t.status for t in made.trials if t.family == "crashing"} == {"failed"}
    assert {t.why for t in made.trials if t.family == "crashing"} == {"its process died (out of memory?)"}
    assert any(t.complete for t in made.trials if t.family == "toy")
    assert not list((tmp_path / "fits").glob("*/*.tmp"))


# A worker is started.
@pytest.mark.slow
def test_a_worker_that_cannot_keep_its_fit_stops_the_run(places: Places, tmp_path: Path) -> None:
    """The system's limit on the size of a file, for the worker alone, stands for a full disk."""
    place = places()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
    try:
        pool = Pool(1, tmp_path / "fits", log=tmp_path / "log")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pool, pytest.raises(Stopped, match="the disk is full") as caught:
        race(place, tmp_path / "fits", pool)
    assert (caught.value.code, caught.value.exit_code) == ("disk.full", 4)
    assert not [p for p in (tmp_path / "fits").rglob("*") if p.is_file()]


# Workers are started.
@pytest.mark.slow
def test_workers_make_what_this_process_makes(places: Places, tmp_path: Path) -> None:
    place = places(folds=3)
    inline = race(place, tmp_path / "a", Slow(tmp_path / "a", False), trials=6)
    with Pool(2, tmp_path / "b", log=tmp_path / "log") as pool:
        spread = race(place, tmp_path / "b", pool, trials=6)
    assert outcome(inline) == outcome(spread)
    for path in (tmp_path / "a").glob("*/graph.onnx"):
        assert path.read_bytes() == (tmp_path / "b" / path.parent.name / path.name).read_bytes()


# A fit of two seconds that is not waited for.
@pytest.mark.slow
def test_a_fit_that_was_cut_short_is_made_again_with_more_time(
    places: Places, tmp_path: Path, strangers: None
) -> None:
    place = places()
    with Pool(1, tmp_path / "fits", log=tmp_path / "log") as pool:
        first = race(place, tmp_path / "fits", pool, ("patient",), trials=1, seconds=0.9)
        assert not any(t.complete for t in first.trials if t.family == "patient")
        second = race(place, tmp_path / "fits", pool, ("patient",), trials=1, seconds=30.0)
    assert [t.status for t in second.trials if t.family == "patient"] == ["fitted"]


def test_generations_do_not_shrink_with_the_pool(places: Places, tmp_path: Path) -> None:
    """One core and two give the same search, so a laptop's second core does not change the model."""
    place = places()
    one = race(place, tmp_path / "a", InlinePool(tmp_path / "a"), trials=8)
    two = race(place, tmp_path / "b", Slow(tmp_path / "b", True), trials=8)
    assert outcome(one) == outcome(two)


def test_the_journal_reads_no_half(places: Places, tmp_path: Path) -> None:
    pool = InlinePool(tmp_path / "a")
    race(places(), tmp_path / "a", pool, trials=1)
    journal = Journal(tmp_path / "a")
    key = next(iter(p.parent.name for p in (tmp_path / "a").glob("*/fit.json")))
    entry = journal.read(key)
    assert entry is not None
    assert entry.scores.shape[1] == 2
    manifest = tmp_path / "a" / key / "fit.json"
    whole = manifest.read_text()
    for half in ("", whole[: len(whole) // 2]):
        manifest.write_text(half)
        assert journal.read(key) is None
    manifest.unlink()
    assert journal.read(key) is None
    assert journal.read("nothing") is None


def test_a_fit_made_again_is_not_vouched_for_by_its_old_manifest(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelwright.models.fit import Product
    from modelwright.store import atomic

    race(places(), tmp_path / "a", InlinePool(tmp_path / "a"), trials=1)
    journal = Journal(tmp_path / "a")
    keys = [p.parent.name for p in (tmp_path / "a").glob("*/graph.onnx")]
    entry = journal.read(keys[0])
    assert entry is not None
    real = atomic.write_bytes

    def write(path: Path, content: bytes) -> None:
        if path.name == "scores.npy":
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(atomic, "write_bytes", write)
    with pytest.raises(KeyboardInterrupt):
        journal.write(keys[0], Product(entry.result, b"another graph", entry.scores))
    assert journal.read(keys[0]) is None
