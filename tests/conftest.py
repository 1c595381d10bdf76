"""What every test can use, and the guards that hold for all of them."""

from __future__ import annotations

import os
import socket
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
