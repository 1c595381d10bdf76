"""What every test can use, and the guards that hold for all of them."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No window is ever opened by a figure.
os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples at each run, and no time limit an example: a busy machine must not fail a test.
settings.register_profile(
    "modelwright",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("modelwright")

ROOT = Path(__file__).resolve().parents[1]


MEDIUM = frozenset((ROOT / "tests" / "medium.txt").read_text(encoding="utf-8").splitlines())
"""Made by ``tools/find_medium.py`` from measured times."""
MEDIUM_FILES = frozenset(name.partition("::")[0] for name in MEDIUM)
ALL_SLOW = re.compile(r"^pytestmark = pytest\.mark\.slow\b", re.MULTILINE)
ONE_SLOW = re.compile(r"^@pytest\.mark\.slow\b", re.MULTILINE)
TEST = re.compile(r"^ *(?:async )?def test_|^class ", re.MULTILINE)


def slow_alone(text: str) -> bool:
    """Whether the words of a test file say that each of its tests is slow."""
    marks = len(ONE_SLOW.findall(text))
    return bool(ALL_SLOW.search(text)) or 0 < marks == len(TEST.findall(text))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file unread where ``-m`` would leave out all of its tests: its imports may take seconds."""
    asked = config.option.markexpr
    if asked not in ("not slow and not medium", "medium and not slow"):
        return None
    if not (collection_path.name.startswith("test_") and collection_path.suffix == ".py"):
        return None
    if asked.startswith("medium") and collection_path.relative_to(ROOT).as_posix() not in MEDIUM_FILES:
        return True
    return slow_alone(collection_path.read_text(encoding="utf-8")) or None


@pytest.hookimpl(tryfirst=True)  # before -m leaves tests out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``tests/medium.txt`` lists."""
    for item in items:
        if item.nodeid in MEDIUM:
            item.add_marker("medium")


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets, with its ``manifest.json``; the test is skipped where it is absent.

    It is ``../shared/data`` beside the repository, or the folder named by ``MODELWRIGHT_SHARED_DATA``.
    """
    named = os.environ.get("MODELWRIGHT_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not (folder / "manifest.json").is_file():
        pytest.skip("the shared data sets are not here (set MODELWRIGHT_SHARED_DATA to their folder)")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine: no test depends on, or talks to, another one."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not (host.startswith("127.") or host in ("::1", "localhost")):
                raise AssertionError(f"a test tried to connect to {host}; tests use no network")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


class PostgresServer:
    """A real PostgreSQL on a port and in a folder of its own; raises OSError or CalledProcessError where this
    user cannot start one."""

    password = "s3cret-word"

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        # The server refuses to run as root; its own user is there where it was installed as a package.
        self._user = "postgres" if getpass.getuser() == "root" else None
        self._folder = Path(tempfile.mkdtemp(prefix="mwpg"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        (self._folder / "password").write_text(self.password)
        (self._folder / "password").chmod(0o644)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"postgresql://reader:{self.password}@127.0.0.1:{self._port}/postgres"
        try:
            self._call(
                "initdb", "-D", self._data, "-U", "reader", "-A", "scram-sha-256", "--no-sync",
                f"--pwfile={self._folder / 'password'}",
            )  # fmt: skip
            self.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -F"
        log = str(self._folder / "log")
        self._call("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """As if its machine had died."""
        self._call("pg_ctl", "-D", self._data, "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _call(self, program: str, *words: str) -> None:
        command = (str(self._binaries / program), *words)
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=self._user, stdout=quiet, stderr=quiet, cwd="/")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; the test is skipped where none can be started. Whoever stops it starts it again."""
    pytest.importorskip("psycopg")
    tools = shutil.which("initdb")
    if tools is None:
        pytest.skip("there is no PostgreSQL server here (initdb is not found)")
    tools = os.path.realpath(tools) if Path(os.path.realpath(tools)).name == "initdb" else tools
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    try:
        server = PostgresServer(found[-1].parent if found else Path(tools).parent)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a PostgreSQL server cannot be started by this user")
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser, for the tests of one file: while it runs, no other event loop can run here."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed here")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()
