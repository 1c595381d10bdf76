"""Fits on a real Ray cluster: what one machine makes, whatever happens to the nodes."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadInput, Stopped
from modelwright.core.stage import Work, say_nothing
from modelwright.lifecycle.versions import versions
from modelwright.models.cluster import driver
from modelwright.models.cluster import pool as ray_pool
from modelwright.models.cluster.pool import RayPool
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts
from modelwright.models.journal import Journal
from modelwright.models.pool import Pool
from modelwright.models.propose import Proposer, Runner
from modelwright.models.race import Race
from modelwright.models.rows import Place

Places = Callable[..., Place]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with all of a cluster's nodes may be slow to connect."""
    monkeypatch.setattr(ray_pool, "REACH", 180.0)


def race(
    place: Place,
    folder: Path,
    pool: Pool,
    families: tuple[str, ...],
    trials: int | None = 6,
    seconds: float | None = None,
    **options: Any,
) -> Race:
    folds = tuple(range(place.folds)) if place.scheme == "cv" else (0,)
    facts = DataFacts(200, 2, 0, 0, 0, 0.0)
    runners = [Runner(n, FAMILIES.get(n).space(place.task, facts), 0.01) for n in families]
    pool.attach(folder)
    made = Race(
        place, folds, Proposer(runners, "random", 0), ("majority",), dict.fromkeys(families, 0.01),
        Journal(folder), pool, Work(folder, cores=pool.size, **options), trials=trials,
        ends_at=None if seconds is None else time.monotonic() + seconds, seed=0, threads=1,
    )  # fmt: skip
    made.run()
    return made


def ray(address: str, folder: Path, **options: Any) -> RayPool:
    options = {"generation": 2, "versions": versions(), "log": folder / "log", "say": say_nothing} | options
    return RayPool(address, **options)


def outcome(of: Race) -> list[tuple[str, str, str, tuple[float, ...], dict[str, Any]]]:
    return [(t.name, t.status, t.why, tuple(r.score for r in t.results), t.config) for t in of.trials]


def kept(folder: Path) -> dict[str, bytes]:
    """Whatever fits left in a journal, their timings aside."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("*/*") if p.name != "fit.json"}


def needs_ray() -> None:
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")


# A cluster is started.
@pytest.mark.slow
@pytest.mark.parametrize("way", ["address", "client"])
def test_nodes_make_what_one_machine_makes(steady: Any, places: Places, tmp_path: Path, way: str) -> None:
    place = places(folds=3)
    families = ("toy", "lightgbm", "random_forest")
    with Pool(2, None, log=tmp_path / "log") as pool:
        here = race(place, tmp_path / "here", pool, families)
    told: list[tuple[str, dict[str, Any]]] = []
    listen = {"say": lambda event, **facts: told.append((event, facts))}
    with ray(getattr(steady, way), tmp_path, **listen) as pool:
        there = race(place, tmp_path / "there", pool, families)
        assert (pool.size, pool.idle, pool.busy) == (2, 2, 0)
    assert outcome(here) == outcome(there)
    assert kept(tmp_path / "here") == kept(tmp_path / "there")
    assert ("cluster", {"nodes": 3, "cores": 2}) in told


# A cluster is started; fits that never end, die and raise.
@pytest.mark.slow
def test_no_fit_can_spoil_or_outstay_the_race(
    steady: Any, places: Places, tmp_path: Path, strangers: None
) -> None:
    with ray(steady.address, tmp_path) as pool:
        made = race(places(), tmp_path / "a", pool, ("crashing", "raising", "toy"))
        why = {t.family: (t.status, t.why) for t in made.trials if t.status != "pruned"}
        assert why["crashing"] == ("failed", "its process died (out of memory?)")
        assert why["raising"] == ("failed", "KeyError: 'no such thing'")
        assert why["toy"][0] == "fitted"
        hung = race(places(), tmp_path / "b", pool, ("hanging", "toy"), None, seconds=4.0)
        assert {t.status for t in hung.trials if t.family == "hanging"} == {"out of time"}
        assert hung.ended == "time"
    assert "KeyError: 'no such thing'" in (tmp_path / "log").read_text()


# A cluster is started; fits of two seconds.
@pytest.mark.slow
def test_the_user_may_end_it(steady: Any, places: Places, tmp_path: Path, strangers: None) -> None:
    stop = threading.Event()

    def say(event: str, **facts: Any) -> None:
        if facts["name"].startswith("toy"):
            stop.set()

    with ray(steady.client, tmp_path) as pool:
        options = {"say": say, "stop": stop.is_set}
        made = race(places(), tmp_path / "a", pool, ("toy", "patient"), trials=1000, **options)
    assert made.ended == "stopped"
    assert any(t.complete for t in made.trials)
    assert len(made.trials) < 20


# A cluster of its own is started and a node of it killed.
@pytest.mark.slow
def test_a_node_that_dies_changes_nothing(
    cluster: Any, places: Places, tmp_path: Path, strangers: None
) -> None:
    place = places(folds=3)
    with Pool(2, None, log=tmp_path / "log") as pool:
        here = race(place, tmp_path / "here", pool, ("patient", "toy"), trials=4)
    nodes = [cluster.add(), cluster.add()]
    told: list[str] = []
    with ray(cluster.address, tmp_path, say=lambda event, **facts: told.append(event)) as pool:
        killer = cluster.kill_when_busy(nodes[1], nodes[1])
        there = race(place, tmp_path / "there", pool, ("patient", "toy"), trials=4)
    killer.done()
    assert "fit again" in told
    assert outcome(here) == outcome(there)
    assert kept(tmp_path / "here") == kept(tmp_path / "there")


# A cluster of its own is started and its head killed.
@pytest.mark.slow
def test_a_cluster_that_is_lost_stops_the_run(
    cluster: Any, places: Places, tmp_path: Path, strangers: None
) -> None:
    node = cluster.add()
    with ray(cluster.address, tmp_path) as pool:
        killer = cluster.kill_when_busy(node, cluster.head, node)
        with pytest.raises(Stopped) as caught:
            race(places(), tmp_path / "a", pool, ("patient",), trials=50)
    killer.done()
    assert (caught.value.code, caught.value.exit_code) == ("engine.lost", 4)
    assert "modelwright resume" in caught.value.hint


# A cluster is started.
@pytest.mark.slow
def test_other_versions_on_nodes_are_refused(steady: Any, tmp_path: Path) -> None:
    wanted = {**versions(), "modelwright": "99.0", "no-such-library": "1.0"}
    with ray(steady.address, tmp_path, versions=wanted) as pool, pytest.raises(BadInput) as caught:
        pool.attach(tmp_path / "a")
    assert caught.value.code == "engine.versions"
    assert "instead of 99.0, no no-such-library (1.0 is wanted)" in caught.value.message


def test_ray_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwright.models.cluster.address.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="needs Ray, which is not installed") as caught:
        ray("ray", tmp_path)
    assert "pip install 'modelwright[ray]'" in caught.value.hint


def test_nobody_listens(tmp_path: Path) -> None:
    needs_ray()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, and not listening
        for engine in ("ray://127.0.0.1:{}", "127.0.0.1:{}"):
            with pytest.raises(BadInput, match="Connection refused") as caught:
                ray(engine.format(free.getsockname()[1]), tmp_path)
            assert (caught.value.code, caught.value.exit_code) == ("engine.unreachable", 2)


# It is waited for somebody who never answers.
@pytest.mark.slow
def test_who_listens_but_is_no_cluster_is_waited_for_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_ray()
    monkeypatch.setattr(ray_pool, "REACH", 4.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with ray(address, tmp_path) as pool, pytest.raises(BadInput) as caught:
            pool.attach(tmp_path / "a")
    assert caught.value.code == "engine.unreachable"
    assert "it was not reached within 4 s" in caught.value.message


FAILING = """#!/bin/sh
# Ray starts a client's server through bash: this one is found first, and some servers never are.
case "$*" in
*--mode=specific-server*) if [ -s FAILURES ]; then sed -i 1d FAILURES; exit 1; fi ;;
esac
exec /bin/bash "$@"
"""


# A cluster is started, and servers for clients that die.
@pytest.mark.slow
def test_a_client_server_that_does_not_start_is_asked_for_again(
    clusters: Any, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, bash = tmp_path / "failures", tmp_path / "bash"
    bash.write_text(FAILING.replace("FAILURES", str(failures)))
    bash.chmod(0o755)
    cluster = clusters(PATH=f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(ray_pool, "REACH", 15.0)
    failures.write_text("one\n" * 3)
    with ray(cluster.client, tmp_path) as pool, pytest.raises(BadInput) as caught:
        pool.attach(tmp_path / "a")
    assert caught.value.code == "engine.unreachable"
    assert "its client server did not start within 8 s (3 tries)" in caught.value.message
    assert "GRPC_ENABLE_FORK_SUPPORT=0" in caught.value.hint

    cluster.add()
    monkeypatch.setattr(ray_pool, "PATIENCE", (0.5, 10.0, 1.0))
    failures.write_text("one\n")
    told: list[tuple[str, dict[str, Any]]] = []
    with ray(cluster.client, tmp_path, say=lambda event, **facts: told.append((event, facts))) as pool:
        there = race(places(), tmp_path / "there", pool, ("toy",), trials=2)
    assert any(t.complete for t in there.trials)
    assert told[0] == ("connect again", {"why": "its client server did not start within 8 s"})
    assert ("cluster", {"nodes": 2, "cores": 1}) in told


# Ray is imported.
@pytest.mark.slow
def test_what_a_client_door_says_of_a_server_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_ray()
    import ray as library

    said: list[str] = []

    def refuse(**options: Any) -> None:
        raise ConnectionAbortedError(f"Initialization failure from server:\nTraceback ...\n{said.pop()}")

    monkeypatch.setattr(library, "init", refuse)
    with socket.create_server(("127.0.0.1", 0)) as door:
        engine = f"ray://127.0.0.1:{door.getsockname()[1]}"
        said.append("RuntimeError: Starting Ray client server failed. See ray_client_server_23000.err.")
        with pytest.raises(driver.NoServer, match="its client server did not start"):
            driver.connect(engine)
        said.append("psutil.ZombieProcess: PID still exists but it's a zombie (pid=13619)")
        with pytest.raises(driver.NoServer, match="its client server did not start"):
            driver.connect(engine)
        said.append("RuntimeError: Failed to create runtime_env")
        with pytest.raises(BadInput, match="Failed to create runtime_env"):
            driver.connect(engine)
