"""Whole servers over real sockets: swaps, ends, deaths."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.live.process.follow import follow
from modelwright.live.process.server import PAUSE, TURNS
from modelwright.store import atomic

if TYPE_CHECKING:
    # The test folders are no packages: the types of what conftest.py gives are named here for readers.
    Servers = Any
    Loading = Any

ROW: dict[str, Any] = {"age": 31, "job": "cook", "pay": 28.5}

# Each test starts a server of several processes, which takes some two seconds.
pytestmark = pytest.mark.slow


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def eventually(what: Any, seconds: float = 120.0) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)
    return found


def running(number: int) -> bool:
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_promotion_and_a_rollback_under_load_fail_no_request(
    servers: Servers, loading: Loading, bundles: list[Path]
) -> None:
    server = servers.start(bundles[0])
    place = Place(server.live / "people")
    load = loading(server.url + "/predict")
    version = deployment.add_version(place, bundles[1])
    made = follow(place, deployment.deploy(place, version, "test").serial)
    assert (made.workers, made.behind, made.refused) == (2, 0, "")
    time.sleep(0.3)
    back = follow(place, deployment.rollback(place).serial)
    followed = time.time()
    assert (back.workers, back.behind) == (2, 0)
    server.predict()  # some are answered afterwards
    time.sleep(0.3)
    said = load.end()
    assert said["failures"] == []
    assert set(said["statuses"]) == {"200"}
    assert set(said["versions"]) == {"v1", "v2"}
    # No request that was sent after the workers followed is answered by v2.
    assert said["last"]["v2"] < followed
    assert said["last"]["v1"] > followed
    assert server.predict().json()["version"] == "v1"


def test_many_swaps_under_load_on_new_connections_fail_no_request(
    servers: Servers, loading: Loading, bundles: list[Path]
) -> None:
    server = servers.start(bundles[0])
    place = Place(server.live / "people")
    names = [deployment.add_version(place, bundle) for bundle in bundles]
    load = loading(server.url + "/predict", connections=4, how="fresh")
    for n in range(9):
        made = follow(place, deployment.deploy(place, names[n % 3], "test").serial)
        assert (made.behind, made.refused) == (0, "")
    said = load.end()
    assert said["failures"] == []
    assert set(said["statuses"]) == {"200"}
    assert set(said["versions"]) == {"v1", "v2", "v3"}


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_an_end_under_load_answers_what_was_accepted(
    which: int, servers: Servers, loading: Loading, bundles: list[Path]
) -> None:
    server = servers.start(bundles[0])
    load = loading(server.url + "/predict", connections=16)
    time.sleep(0.5)
    assert server.stop(which) == 0
    said = load.end()
    # A client that slept for about as long as idle connections stay open may ask on one that has been closed.
    late = said["slept"] > 0.5 * PAUSE * TURNS
    assert [f for f in said["failures"] if not (late and f.startswith("between requests"))] == []
    assert set(said["statuses"]) == {"200"}
    assert said["refused"] == 16
    assert server.workers() == []
    # Every answer is in the database: nothing waits in the journal of a server that has ended well.
    from modelwright.live.log.database import LogDatabase

    place = Place(server.live / "people")
    assert list(place.journal.glob("*.jsonl")) == []
    database = LogDatabase(place.database)
    assert len(database.predictions(limit=1_000_000)) == said["statuses"]["200"]
    database.close()


def test_a_slow_request_is_finished_at_the_end(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    body = json.dumps(ROW).encode()
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port_of(server.url)), 120.0) as slow:
        slow.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)  # longer than idle connections are kept
        assert server.process.poll() is None
        slow.sendall(body[5:])
        answer = slow.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
    assert server.process.wait(120.0) == 0


def test_an_end_does_not_wait_for_idle_connections(servers: Servers, bundles: list[Path]) -> None:
    # What is waited for may take as long as a request may: here longer than this test waits for the end.
    server = servers.start(bundles[0], "--timeout", "600", workers=1)
    with httpx.Client(timeout=120.0) as client:
        assert client.get(server.url + "/healthz").status_code == 200
        assert server.stop() == 0


def test_a_worker_that_is_killed_is_replaced(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0])
    before = eventually(lambda: found if len(found := server.workers()) == 2 else None)
    os.kill(before[0], signal.SIGKILL)
    after = eventually(lambda: f if len(f := server.workers()) == 2 and before[0] not in f else None)
    assert before[1] in after
    assert "ended (signal SIGKILL); another starts" in server.said()
    for _ in range(20):
        assert server.predict().status_code == 200


def test_requests_wait_for_the_only_worker_to_be_replaced(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    (number,) = server.workers()
    os.kill(number, signal.SIGKILL)
    # The socket is the supervisor's: a new connection waits in it, and is answered by the next worker.
    assert server.predict().status_code == 200


def test_a_keeper_that_is_killed_is_replaced(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    keepers = lambda: [n for n in server.children() if n not in server.workers()]  # noqa: E731
    (keeper,) = eventually(keepers)
    os.kill(keeper, signal.SIGKILL)
    eventually(lambda: "the keeper ended (signal SIGKILL)" in server.said())
    eventually(lambda: [n for n in keepers() if n != keeper])
    id = server.predict().json()["id"]  # noqa: A001
    from modelwright.live.log.database import LogDatabase

    database = LogDatabase(Place(server.live / "people").database)
    assert eventually(lambda: database.get(id)).prediction in ("yes", "no")
    database.close()


def test_nobody_outlives_a_supervisor_that_is_killed(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0])
    eventually(lambda: len(server.children()) == 3)
    children = server.children()
    server.process.kill()
    server.process.wait()
    eventually(lambda: not any(running(number) for number in children))
    # Port and place are free at once.
    again = servers.start("people", "--port", port_of(server.url), name="")
    assert again.predict().json()["version"] == "v1"


def test_one_server_a_place(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    code, said = servers.refused(bundles[1], "--name", "people", "--port", 0)
    assert code == 2
    assert said.startswith("error: another server serves 'people' from ")
    assert "modelwright promote" in said
    assert server.predict().json()["version"] == "v1"
    assert len(deployment.versions(Place(server.live / "people"))) == 1


def test_one_server_a_port(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    code, said = servers.refused(bundles[1], "--name", "others", "--port", port_of(server.url))
    assert code == 2
    assert said.startswith(f"error: port {port_of(server.url)} is in use")
    assert not (server.live / "others").exists()


def test_several_models_and_versions_side_by_side(
    servers: Servers, bundles: list[Path], tmp_path: Path
) -> None:
    others = tmp_path / "others"
    first = servers.start(bundles[0], name="one", workers=1)
    assert first.stop() == 0
    place = Place(first.live / "one")
    deployment.add_version(place, bundles[1])
    deployment.add_version(place, bundles[2])
    second = servers.start(bundles[1], name="two", workers=1)
    assert second.stop() == 0
    both = servers.start("one", "two", name="", workers=1)
    assert [each["name"] for each in both.facts["models"]] == ["one", "two"]
    assert both.predict("/models/one/predict").json()["model"] == "one"
    assert both.predict("/models/two/predict").json()["model"] == "two"
    for version in ("v1", "v2", "v3"):
        assert both.predict(f"/models/one/versions/{version}/predict").json()["version"] == version
    assert both.predict("/models/one/versions/v4/predict").status_code == 404
    assert both.predict("/models/three/predict").status_code == 404
    # One model's deployment changes nothing of the other's.
    follow(place, deployment.deploy(place, "v3", "test").serial)
    assert both.predict("/models/one/predict").json()["version"] == "v3"
    assert both.predict("/models/two/predict").json()["version"] == "v1"
    assert not others.exists()


def test_a_version_that_cannot_be_loaded_is_refused_and_the_old_one_answers(
    servers: Servers, bundles: list[Path]
) -> None:
    server = servers.start(bundles[0])
    place = Place(server.live / "people")
    version = deployment.add_version(place, bundles[1])
    graph = place.bundle(version) / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    made = follow(place, deployment.deploy(place, version, "test").serial)
    assert "model.onnx of the bundle is damaged" in made.refused
    assert server.predict().json()["version"] == "v1"
    eventually(lambda: "v2 cannot be taken: model.onnx of the bundle is damaged" in server.said())
    # ``follow`` ends with the first that refuses; the other one may be a moment behind.
    eventually(lambda: all(worker["refused"] for worker in deployment.alive(place)))
    (worker, *_) = deployment.alive(place)
    assert worker["version"] == "v1"
    assert worker["refused"]["version"] == "v2"
    # A worker that starts now does as the others do.
    number = server.workers()[0]
    os.kill(number, signal.SIGKILL)
    eventually(lambda: len(server.workers()) == 2 and number not in server.workers())
    assert {server.predict().json()["version"] for _ in range(10)} == {"v1"}
    assert follow(place, deployment.rollback(place).serial).behind == 0
    assert all(worker["refused"] is None for worker in deployment.alive(place))


def test_the_same_bundle_again_changes_nothing_and_another_becomes_the_champion(
    servers: Servers, bundles: list[Path]
) -> None:
    assert servers.start(bundles[0], workers=1).stop() == 0
    place = Place(servers.live / "people")
    before = place.deployment.read_bytes()
    copy = servers.folder / "elsewhere"
    shutil.copytree(bundles[0], copy)
    again = servers.start(copy, workers=1)
    assert again.predict().json()["version"] == "v1"
    assert again.stop() == 0
    assert place.deployment.read_bytes() == before
    new = servers.start(bundles[1], workers=1)
    assert new.predict().json()["version"] == "v2"
    assert (
        "people: v2 is new and answers instead of v1; `modelwright rollback people` goes back" in new.said()
    )
    assert deployment.read(place).previous == ("v1",)


def test_a_canary_answers_its_share_and_a_shadow_none(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    place = Place(server.live / "people")
    version = deployment.add_version(place, bundles[1])
    made = deployment.challenge(place, deployment.Challenger(version, "canary", 0.3), "test")
    assert follow(place, made.serial).behind == 0
    with httpx.Client() as client:
        seen = [client.post(server.url + "/predict", json=ROW).json()["version"] for _ in range(400)]
    # Six standard deviations of a binomial share: 0.3 +- 0.14.
    assert 0.16 < seen.count("v2") / len(seen) < 0.44
    made = deployment.challenge(place, deployment.Challenger(version, "shadow"), "test")
    assert follow(place, made.serial).behind == 0
    answered = server.predict().json()
    assert answered["version"] == "v1"
    from modelwright.live.log.database import LogDatabase

    database = LogDatabase(place.database)
    shadow = eventually(lambda: database.get(f"{answered['id']}.s"))
    assert (shadow.version, shadow.role) == ("v2", "shadow")
    database.close()


def test_the_keeper_logs_and_watches(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    place = Place(server.live / "people")
    from modelwright.live.log.database import LogDatabase

    database = LogDatabase(place.database)
    id = server.predict().json()["id"]  # noqa: A001
    found = eventually(lambda: database.get(id))
    database.close()
    assert (found.version, found.role, found.inputs) == ("v1", "champion", ROW)
    latest = eventually(
        lambda: atomic.read_json(f) if (f := place.monitor / "latest.json").exists() else None
    )
    assert latest["version"] == "v1"
    (worker,) = deployment.alive(place)
    assert (worker["process"], worker["serial"], worker["loaded"]) == (server.workers()[0], 1, ["v1"])
    assert "tried again" not in server.said()


def test_a_head_that_never_ends_is_cut_off(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], "--timeout", "1", workers=1)
    with socket.create_connection(("127.0.0.1", port_of(server.url)), 120.0) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        assert slow.recv(100) == b""
        assert time.monotonic() - began > 0.2


def test_a_head_that_is_too_long_is_refused(servers: Servers, bundles: list[Path]) -> None:
    server = servers.start(bundles[0], workers=1)
    with socket.create_connection(("127.0.0.1", port_of(server.url)), 120.0) as long:
        long.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000)
        assert long.recv(65536).startswith(b"HTTP/1.1 431 ")
    with socket.create_connection(("127.0.0.1", port_of(server.url)), 120.0) as wrong:
        wrong.sendall(b"\x00\x01 nothing that HTTP knows\r\n\r\n")
        assert wrong.recv(65536).startswith(b"HTTP/1.1 400 ")
    # A body may be longer than a head, and many requests may follow each other.
    with httpx.Client() as client:
        rows = [ROW] * 2000
        for _ in range(3):
            assert client.post(server.url + "/predict", json={"rows": rows}).status_code == 200
    assert "Invalid HTTP request" not in server.said()
