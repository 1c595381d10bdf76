"""``serve``, ``promote``, ``rollback`` and ``keys`` as far as no server runs; the rest is in live/process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from modelwright.live import deployment, settings
from modelwright.live.place import Place
from modelwright.live.process.setup import Asked, Prepared, Wish, place_of, prepare, settings_for, wish_for
from modelwright.live.settings import Limits, LogSettings, Settings, WatchSettings
from modelwright.testing.bundles import make_run

if TYPE_CHECKING:
    # The test folders are no packages: the types of what conftest.py gives are named here for readers.
    Command = Any
    Said = Any


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory, people_csv: str) -> list[Path]:
    """Two bundles, of the whole table and of its first rows. They are only read."""
    folder = tmp_path_factory.mktemp("two")
    frame = pl.read_csv(people_csv.encode()).drop("income", "same")
    return [make_run(folder / f"run{n}", frame.head(n), "answer").bundle for n in (160, 120)]


@pytest.fixture
def live(tmp_path: Path) -> Path:
    return tmp_path / "live"


@pytest.fixture
def place(live: Path, two: list[Path]) -> Place:
    """A live model with one version."""
    made = Place.of(live, "people")
    deployment.add_version(made, two[0])
    deployment.deploy(made, "v1", "test")
    return made


@pytest.fixture
def refused(command: Command, live: Path) -> Callable[..., str]:
    """What ``serve`` says where it does not start."""

    def serve(*arguments: object) -> str:
        said = command("serve", *map(str, arguments), "--live", str(live))
        assert said.code == 2
        assert said.out == ""
        return str(said.err)

    return serve


# --- serve ------------------------------------------------------------------------------------------------


def test_nothing_to_serve(refused: Callable[..., str]) -> None:
    assert refused("nobody").startswith("error: there is no run 'nobody' in runs")


def test_a_damaged_bundle(refused: Callable[..., str], two: list[Path], tmp_path: Path, live: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(two[0], bundle)
    (bundle / "model.onnx").write_bytes(b"nothing")
    assert refused(bundle).startswith("error: model.onnx of the bundle is damaged")
    assert not live.exists()


def test_a_port_in_use(refused: Callable[..., str], two: list[Path], live: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(two[0], "--port", port)
    assert said.startswith(f"error: port {port} is in use\n\nhint: ")
    assert not live.exists()


def test_a_privileged_port() -> None:
    limit = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if not limit.is_file() or int(limit.read_text()) < 2:
        pytest.skip("this system lets everybody take any port")
    # As nobody, whoever runs the tests.
    code = "import os, encodings.idna\nfrom modelwright.live.process.supervisor import listen\n"
    code += "os.setuid(65534) if os.geteuid() == 0 else None\nlisten('127.0.0.1', 1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "port 1 is kept for the system's administrator" in done.stderr


def test_an_address_of_another_machine(refused: Callable[..., str], two: list[Path]) -> None:
    # A documentation address (RFC 5737) is no one's.
    assert refused(two[0], "--host", "192.0.2.1").startswith("error: 192.0.2.1 is no address of this machine")


def test_no_address_at_all(refused: Callable[..., str], two: list[Path]) -> None:
    assert refused(two[0], "--host", "a b").startswith("error: there is no address 'a b' to listen at")


def test_a_folder_that_cannot_be_made(refused: Callable[..., str], two: list[Path], live: Path) -> None:
    live.write_text("a file")
    said = refused(two[0], "--port", 0)
    assert said.startswith(f"error: {live} cannot be written: ")
    assert "--live DIR names a folder" in said


def test_a_name_that_leads_elsewhere(refused: Callable[..., str], two: list[Path], live: Path) -> None:
    assert refused(two[0], "--name", "../x", "--port", 0).startswith("error: '../x' cannot name a live model")
    assert not live.exists()


def test_two_bundles_of_one_name(refused: Callable[..., str], two: list[Path]) -> None:
    assert refused(*two).startswith("error: two of the bundles are named 'toy'")
    assert refused(*two, "--name", "x").startswith("error: --name is for one bundle")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--retention", "long", "error: --retention long: "),
        ("--max-body", "much", "error: --max-body much: "),
        ("--sync", "never", "error: --sync never: expected always or process"),
        ("--alarm-command", "say 'this", "error: --alarm-command say 'this: No closing quotation"),
        ("--goal", "nowhere.yaml", "error: there is no goal file nowhere.yaml"),
        ("--database", "env:NOT_SET_HERE", "error: the environment variable NOT_SET_HERE is not set"),
        ("--webhook", "env:NOT_SET_HERE", "error: the environment variable NOT_SET_HERE is not set"),
        ("--trust", "00" * 32, "error: the bundle is not signed, and a signature was asked for"),
        ("--port", "70000", "error: Invalid value for '--port'"),
    ],
)
def test_an_option_that_cannot_be(
    option: str, value: str, said: str, refused: Callable[..., str], two: list[Path], live: Path
) -> None:
    assert refused(two[0], option, value).startswith(said)
    assert not live.exists()


def test_a_live_model_with_a_damaged_deployment(refused: Callable[..., str], place: Place) -> None:
    place.deployment.write_text("{")
    assert refused("people", "--port", 0).startswith("error: deployment.json of 'people' cannot be read")


# --- settings ---------------------------------------------------------------------------------------------

GOAL = {
    "personal": "hash",
    "monitor": {"alarm_rate": 0.05, "alarm_horizon": 86400.0, "retrain": "on drift", "every": 10.0},
    "retention": 3600.0,
}


def test_settings_come_from_the_command_line_then_the_goal_then_what_was_said_before() -> None:
    before = Settings(
        "m",
        runs="old",
        limits=Limits(body=5, rate=7.0),
        log=LogSettings(database="env:LOG", retention=None, personal="keep"),
        watch=WatchSettings(alarm_rate=0.5, webhook="http://old", command=("say",)),
    )
    wish = Wish("m", Path("bundle"), {"live": GOAL}, runs="new")
    asked = Asked(rate=9.0, sync="always", webhook="", retention=60.0)
    made = settings_for(wish, before, asked)
    assert made == Settings(
        "m",
        runs="new",
        limits=Limits(body=5, rate=9.0),
        log=LogSettings(database="env:LOG", sync="always", retention=60.0, personal="hash"),
        watch=WatchSettings(0.05, 86400.0, 10.0, "on drift", None, ("say",)),
    )
    # A restart without options changes nothing, whatever the bundle says.
    assert settings_for(Wish("m", None, {"live": GOAL}), before, Asked()) == before


def test_a_bundle_that_says_nothing_of_serving_takes_the_defaults() -> None:
    made = settings_for(Wish("m", Path("bundle"), {}), Settings("m"), Asked())
    assert made == Settings("m")
    forever = settings_for(Wish("m", Path("bundle"), {}), Settings("m"), Asked(retention="forever"))
    assert forever.log.retention is None


def test_a_rate_of_zero_ends_the_limit() -> None:
    before = Settings("m", limits=Limits(rate=5.0))
    assert settings_for(Wish("m", None, {}), before, Asked(rate=0.0)).limits.rate is None


def test_a_server_that_starts_again_leaves_what_was_decided_since(live: Path, two: list[Path]) -> None:
    def serve(bundle: Path) -> Prepared:
        wish = wish_for(bundle, "people", None)
        place_of(live, wish)
        return prepare(live, wish, Asked())

    place = serve(two[0]).place
    assert serve(two[1]).version == "v2"
    deployment.rollback(place)
    again = serve(two[1])  # a container that was killed
    assert (again.version, again.passed) == ("v1", "v2")
    assert deployment.read(place).champion == "v1"
    # Another bundle than the last time (a rollout, and its undoing) is what is wanted now.
    assert serve(two[0]).version == "v1"
    back = serve(two[1])
    assert (back.version, back.before, back.passed) == ("v2", "v1", None)
    assert deployment.read(place).champion == "v2"


# --- promote and rollback ---------------------------------------------------------------------------------


def test_a_rollback_goes_back_and_forth(command: Command, place: Place, live: Path, two: list[Path]) -> None:
    said = command("promote", "people", str(two[1]), "--live", str(live))
    assert (said.code, said.out) == (0, "")
    assert said.err == "people: v2 answers instead of v1; no server runs\n"
    said = command("rollback", "people", "--live", str(live))
    assert said.err == "people: v1 answers instead of v2; no server runs\n"
    said = command("rollback", "people", "--live", str(live))
    assert said.code == 2
    assert said.err.startswith("error: 'people' has no version to go back to")
    found = command("promote", "people", "v2", "--live", str(live), "--json").json()
    assert (found["version"], found["before"], found["workers"]) == ("v2", "v1", 0)
    assert [line["champion"] for line in map(_json, place.history.read_text().splitlines())] == [
        "v1", "v2", "v1", "v2",
    ]  # fmt: skip


def _json(line: str) -> Any:
    import json

    return json.loads(line)


def test_a_trial_begins_and_ends(command: Command, place: Place, live: Path, two: list[Path]) -> None:
    said = command("promote", "people", str(two[1]), "--canary", "0.25", "--live", str(live))
    assert said.err == "people: v1 answers; v2 answers 25% of requests; no server runs\n"
    said = command("promote", "people", "v2", "--shadow", "--live", str(live))
    assert said.err == "people: v1 answers; v2 answers unseen beside it; no server runs\n"
    said = command("promote", "people", "--stop", "--live", str(live))
    assert said.err == "people: v1 answers; no server runs\n"
    assert deployment.read(place).challenger is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "nobody", "v1"], "error: there is no live model 'nobody' in "),
        (["promote", "peopel", "v1"], "hint: did you mean 'people'?"),
        (["promote", "people", "v7"], "error: 'people' has no version 'v7'"),
        (["promote", "people"], "error: which version is to be promoted?"),
        (["promote", "people", "v1", "--stop"], "error: --stop takes no version"),
        (["promote", "people", "v1", "--canary", "1.5"], "error: --canary 1.5: a share lies between 0 and 1"),
        (["promote", "people", "v1", "--canary", "0.5", "--shadow"], "exclude each other"),
        (["promote", "people", "v1", "--shadow"], "error: v1 is the champion of 'people'"),
        (["rollback", "people"], "error: 'people' has no version to go back to"),
    ],
)
def test_what_cannot_be_promoted(
    arguments: list[str], said: str, command: Command, place: Place, live: Path
) -> None:
    before = place.deployment.read_bytes()
    found = command(*arguments, "--live", str(live))
    assert found.code == 2
    assert said in found.err
    assert place.deployment.read_bytes() == before


def test_a_version_that_cannot_answer_is_not_promoted(
    command: Command, place: Place, live: Path, two: list[Path]
) -> None:
    version = deployment.add_version(place, two[1])
    (place.bundle(version) / "model.onnx").write_bytes(b"nothing")
    said = command("promote", "people", version, "--live", str(live))
    assert said.code == 2
    assert said.err.startswith("error: model.onnx of the bundle is damaged")
    assert deployment.read(place).champion == "v1"


# --- keys -------------------------------------------------------------------------------------------------


def test_keys_are_made_listed_and_revoked(command: Command, place: Place, live: Path) -> None:
    where = ("--live", str(live))
    assert command("keys", "list", "people", *where).out == "people has no keys: it answers everybody\n"
    made = command("keys", "add", "people", "ann", *where)
    assert made.code == 0
    secret = made.out.strip()
    assert secret.startswith("mw_")
    assert "shown this once" in made.err
    assert secret not in place.keys.read_text()
    other = command("keys", "add", "people", "bob", *where, "--json").json()
    assert (other["model"], other["name"]) == ("people", "bob")
    listed = command("keys", "list", "people", *where, "--json").json()
    assert [(key["name"], key["revoked"]) for key in listed] == [("ann", None), ("bob", None)]
    again = command("keys", "add", "people", "ann", *where)
    assert again.code == 2
    assert "has a key named 'ann' already" in again.err
    done = command("keys", "revoke", "people", "ann", *where)
    assert done.err == f"ann ({listed[0]['id']}) opens people no more\n"
    shown = command("keys", "list", "people", *where).out.splitlines()
    assert "revoked" in shown[0]
    assert "last used never" in shown[1]
    assert command("keys", "revoke", "people", "ann", *where).code == 2
    last = command("keys", "revoke", "people", "bob", *where)
    assert "no valid key is left: people answers nobody" in last.err
    assert command("keys", "add", "nobody", "ann", *where).code == 2
    assert "keys open people --yes" in last.err
    refused = command("keys", "open", "people", *where)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert command("keys", "open", "people", "--yes", *where).code == 0
    shown = command("keys", "list", "people", *where).out.splitlines()
    assert shown[-1] == "people answers everybody, since `keys open`"


def test_settings_are_for_their_owner_alone(place: Place) -> None:
    settings.write(place, Settings("people"))
    assert place.settings.stat().st_mode & 0o777 == 0o600
